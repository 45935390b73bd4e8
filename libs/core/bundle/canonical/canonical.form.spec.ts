import { parseJson } from '@fairlead/core/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './json.ts';
import { canonicalObject } from './object.ts';

const scalars = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt().filter((value) => !Number.isSafeInteger(Number(value))),
  fc.boolean(),
  fc.constant(null),
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalars,
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('json'), { maxKeys: 4 }),
  ),
}));

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, reversed(part)]),
  );
}

describe('canonical JSON', () => {
  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('comes back alike when it is read and printed again', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(parseJson(text))).toBe(text);
      }),
    );
  });

  it('sorts keys by code point, not by UTF-16 unit', () => {
    expect(canonicalJson({ '\u{1f600}': 1, '\uffff': 2, b: 3, a: 4 })).toBe('{"a":4,"b":3,"\uffff":2,"\u{1f600}":1}');
  });

  it.each([
    [1e3, '1000'],
    [-0, '0'],
    [0.1, '0.1'],
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    [9_007_199_254_740_993n, '9007199254740993'],
    [10n ** 30n, '1000000000000000000000000000000'],
  ])('prints %s as %s', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });

  it('keeps nulls, leaves undefined out and refuses what JSON has not', () => {
    expect(canonicalJson({ a: null, b: undefined, c: [undefined] })).toBe('{"a":null,"c":[null]}');
    expect(() => canonicalJson(Number.NaN)).toThrow(TypeError);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(() => canonicalJson(circle)).toThrow(TypeError);
  });
});

describe('canonical object', () => {
  it('is the same when it is taken twice', () => {
    const metadata = fc.record(
      { name: fc.string(), uid: fc.string(), labels: fc.dictionary(fc.string(), fc.string()) },
      { requiredKeys: ['name'] },
    );
    const object = fc.record(
      {
        apiVersion: fc.constantFrom('v1', 'rbac.authorization.k8s.io/v1'),
        kind: fc.constantFrom('Secret', 'ClusterRole'),
        metadata,
        rules: json,
        aggregationRule: json,
        stringData: fc.dictionary(fc.string(), fc.string()),
        data: json,
        status: json,
      },
      { requiredKeys: ['apiVersion', 'kind', 'metadata'] },
    );
    fc.assert(
      fc.property(object, (value) => {
        const once = canonicalObject(value);
        expect(canonicalJson(canonicalObject(once))).toBe(canonicalJson(once));
      }),
    );
  });

  it('names the key, never the value, of stringData that is not text', () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'door' }, stringData: { pin: 4711 } };
    expect(() => canonicalObject(secret)).toThrow(/Secret\/door: stringData\.pin is a number/);
    expect(() => canonicalObject(secret)).not.toThrow(/4711/);
  });
});
