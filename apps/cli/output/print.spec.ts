import { parseManifests } from '@fairlead/core/documents';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordedIo } from '../recorded.ts';
import { asYaml, printer } from './print.ts';
import { paintFor, span, stateWord } from './words.ts';

test('whatever text an object holds, kubectl reads it back from our YAML', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(
      'yes',
      'on',
      'y',
      'n',
      '0755',
      '0o17',
      '1_000',
      '12:30:45',
      '2026-11-22',
      '~',
      'null',
      '1e3',
      '.inf',
      '<<',
      '=',
      '- a',
      '#b',
      'a: b',
      ' x',
      'x ',
      'a\nb\n',
      '\ttab',
      '0b11',
      '',
    ),
  );
  fc.assert(
    fc.property(
      fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean(), fc.bigInt({ min: 2n ** 60n, max: 2n ** 62n }))),
      (data) => {
        const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data };
        const [read] = parseManifests(`---\n${asYaml(object)}`, { file: 'stdout' });
        expect(read?.object).toEqual(object);
      },
    ),
  );
});

test('data keeps the digits of large integers', () => {
  const io = recordedIo({});
  printer(io, { format: 'json', paint: paintFor({ terminal: false, env: {} }) }).thing(
    { a: 9007199254740993n },
    () => undefined,
  );
  expect(io.stdout()).toBe('{\n  "a": 9007199254740993\n}\n');
});

test('states have their colours, and what is old is faint whatever it was', () => {
  const paint = paintFor({ terminal: true, env: {} });
  expect(stateWord('InSync 3/3', paint)).toBe(paint.green('InSync 3/3'));
  expect(stateWord('Degraded', paint)).toBe(paint.red('Degraded'));
  expect(stateWord('Healthy old', paint)).toBe(paint.dim('Healthy old'));
  expect(stateWord('2/3', paint)).toBe('2/3');
});

test('colours come on a terminal only, and NO_COLOR is heeded', () => {
  expect(paintFor({ terminal: true, env: { NO_COLOR: '1' } }).red('a')).toBe('a');
  expect(paintFor({ terminal: false, env: {} }).red('a')).toBe('a');
  expect(paintFor({ terminal: false, env: { FORCE_COLOR: '1' } }).red('a')).not.toBe('a');
});

test.each([
  [0, '0s'],
  [-5, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [7_200_000, '2h'],
  [200_000_000, '2d'],
])('%i ms is %s', (ms, wanted) => {
  expect(span(ms)).toBe(wanted);
});
