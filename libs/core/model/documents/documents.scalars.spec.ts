import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countOf, durationMs, selector } from './scalars.ts';

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['250ms', 250],
    ['0s', 0],
  ])('%s is %d ms', (text, wanted) => {
    expect(durationMs(text)).toBe(wanted);
  });

  it.each(['', '5', 'm', '5 m', '-5m', '1.5h', '5M', '5minutes', '10ms5'])('%j is none', (text) => {
    expect(durationMs(text)).toBeUndefined();
  });
});

describe('counts', () => {
  it.each([
    ['10%', 3, 1, 1],
    ['10%', 3, 0, 0],
    ['25%', 10, 1, 2],
    ['100%', 7, 1, 7],
    ['29%', 100, 1, 29],
    [5, 3, 1, 5],
    [0, 3, 0, 0],
    [0, 3, 1, 1],
  ])('%s of %i, at least %i, is %i', (...[value, total, atLeast, wanted]) => {
    expect(countOf(value, { total, atLeast })).toBe(wanted);
  });

  it('of a percentage never exceed the share, and stay within the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.nat(20_000), (percent, total) => {
        const count = countOf(`${percent}%`, { total, atLeast: 0 });
        expect(count * 100).toBeLessThanOrEqual(percent * total);
        expect((count + 1) * 100).toBeGreaterThan(percent * total);
      }),
    );
  });
});

describe('selectors', () => {
  it.each([
    [{ key: 'a', operator: 'In' }, false],
    [{ key: 'a', operator: 'NotIn', values: [] }, false],
    [{ key: 'a', operator: 'Exists', values: ['b'] }, false],
    [{ key: 'a', operator: 'In', values: ['b'] }, true],
    [{ key: 'a', operator: 'DoesNotExist' }, true],
  ])('%j fits: %s', (expression, wanted) => {
    expect(selector.safeParse({ matchExpressions: [expression] }).success).toBe(wanted);
  });
});
