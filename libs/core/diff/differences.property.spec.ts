import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject, KubeObject } from '@fairlead/core/model';
import { differences, reduceByEntry, reductionText } from './index.ts';
import { pointerOf } from './pointer.ts';
import { valueOf } from './reduce.ts';

/** A value together with how an API server would track it. */
type Node =
  | { readonly kind: 'scalar'; readonly value: Json }
  | { readonly kind: 'atomic'; readonly value: Json }
  | { readonly kind: 'set'; readonly values: readonly string[] }
  | { readonly kind: 'map'; readonly fields: Readonly<Record<string, Owned>> }
  | {
      readonly kind: 'keyed';
      readonly items: readonly {
        readonly name: string;
        readonly owned: boolean;
        readonly fields: Readonly<Record<string, Owned>>;
      }[];
    };
type Owned = { readonly owned: boolean; readonly node: Node };

const word = fc.string({ unit: fc.constantFrom('a', 'b', '/', '~', '.', '"', '#'), minLength: 1, maxLength: 3 });
const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.string({ maxLength: 4 }));
const { node } = fc.letrec<{ node: Node; owned: Owned }>((tie) => ({
  owned: fc.record({ owned: fc.boolean(), node: tie('node') }),
  node: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.record({ kind: fc.constant('scalar' as const), value: scalar }),
    fc.record({
      kind: fc.constant('atomic' as const),
      value: fc.oneof(fc.array(scalar, { maxLength: 3 }), fc.dictionary(word, scalar, { maxKeys: 3 })),
    }),
    fc.record({ kind: fc.constant('set' as const), values: fc.uniqueArray(word, { maxLength: 3 }) }),
    fc.record({ kind: fc.constant('map' as const), fields: fc.dictionary(word, tie('owned'), { maxKeys: 4 }) }),
    fc.record({
      kind: fc.constant('keyed' as const),
      items: fc.uniqueArray(
        fc.record({ name: word, owned: fc.boolean(), fields: fc.dictionary(word, tie('owned'), { maxKeys: 3 }) }),
        { selector: (item) => item.name, maxLength: 3 },
      ),
    }),
  ),
}));

/** `shuffled` reverses whatever has no order. */
function valueFrom(from: Node, shuffled = false): Json {
  switch (from.kind) {
    case 'set':
      return shuffled ? from.values.toReversed() : from.values;
    case 'map':
      return Object.fromEntries(
        Object.entries(from.fields).map(([name, inner]) => [name, valueFrom(inner.node, shuffled)]),
      );
    case 'keyed': {
      const items = from.items.map((item) => ({
        ...(valueFrom({ kind: 'map', fields: item.fields }, shuffled) as object),
        key: item.name,
      }));
      return shuffled ? items.toReversed() : items;
    }
    default:
      return from.value;
  }
}

function mapFields(fields: Readonly<Record<string, Owned>>, all: boolean): JsonObject {
  const owned = Object.entries(fields).filter(([, inner]) => inner.owned || all);
  return Object.fromEntries(owned.map(([name, inner]) => [`f:${name}`, fieldsFrom(inner.node, all)]));
}

/** With `all`, the claim of another manager who owns whatever there is. */
function fieldsFrom(from: Node, all = false): JsonObject {
  switch (from.kind) {
    case 'set':
      return Object.fromEntries([['.', {}], ...from.values.map((value) => [`v:${JSON.stringify(value)}`, {}])]);
    case 'map':
      return { '.': {}, ...mapFields(from.fields, all) };
    case 'keyed': {
      const owned = from.items.filter((item) => item.owned || all);
      return Object.fromEntries([
        ['.', {}],
        ...owned.map((item) => [
          `k:${JSON.stringify({ key: item.name })}`,
          { '.': {}, 'f:key': {}, ...mapFields(item.fields, all) },
        ]),
      ]);
    }
    default:
      return {};
  }
}

/** Paths of owned scalars, in the unshuffled value. */
function ownedScalars(from: Node, path: readonly string[]): readonly (readonly string[])[] {
  const within = (fields: Readonly<Record<string, Owned>>, at: readonly string[]) =>
    Object.entries(fields).flatMap(([name, inner]) => (inner.owned ? ownedScalars(inner.node, [...at, name]) : []));
  if (from.kind === 'scalar') return [path];
  if (from.kind === 'map') return within(from.fields, path);
  if (from.kind === 'keyed')
    return from.items.flatMap((item, index) => (item.owned ? within(item.fields, [...path, String(index)]) : []));
  return [];
}

function replaced(value: Json, path: readonly string[], by: Json | undefined): Json {
  const [segment, ...rest] = path;
  if (segment === undefined) return by ?? null;
  if (Array.isArray(value))
    return value.map((item, index) => (String(index) === segment ? replaced(item, rest, by) : item));
  const entries = Object.entries(value as JsonObject);
  if (rest.length === 0 && by === undefined) return Object.fromEntries(entries.filter(([key]) => key !== segment));
  return Object.fromEntries(entries.map(([key, inner]) => [key, key === segment ? replaced(inner, rest, by) : inner]));
}

const objectOf = (from: Node, spec: Json): KubeObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: {
    name: 'w',
    managedFields: [
      entryFor(from),
      {
        manager: 'other',
        operation: 'Update',
        apiVersion: 'example.com/v1',
        fieldsV1: { 'f:spec': fieldsFrom(from, true) },
      },
    ],
  },
  spec,
});
const entryFor = (from: Node) => ({
  manager: 'fairlead',
  operation: 'Apply' as const,
  apiVersion: 'example.com/v1',
  fieldsV1: { 'f:spec': fieldsFrom(from) },
});
const reduce = (from: Node, spec: Json) => reduceByEntry(objectOf(from, spec), entryFor(from));

describe('the reduction of an object by an entry', () => {
  it('differs from itself in nothing', () => {
    fc.assert(
      fc.property(node, (from) => {
        expect(differences(reduce(from, valueFrom(from)), reduce(from, valueFrom(from)))).toEqual([]);
      }),
    );
  });

  it('does not know the order of keys, keyed lists and sets', () => {
    fc.assert(
      fc.property(node, (from) => {
        const straight = reduce(from, valueFrom(from));
        const shuffled = reduce(from, valueFrom(from, true));
        expect(differences(straight, shuffled)).toEqual([]);
        expect(reductionText(shuffled)).toBe(reductionText(straight));
      }),
    );
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(node, (from) => {
        const once = reduce(from, valueFrom(from));
        const { spec } = valueOf(once.root) as { spec: Json };
        expect(reductionText(reduce(from, spec))).toBe(reductionText(once));
      }),
    );
  });

  it('shows a change of an owned field at its pointer or above it', () => {
    const changes = node.chain((from) => {
      const paths = ownedScalars(from, []);
      return paths.length === 0
        ? fc.constant(undefined)
        : fc.record({
            from: fc.constant(from),
            path: fc.constantFrom(...paths),
            by: fc.constantFrom('changed', { deeper: 1 }, ['list'], undefined),
          });
    });
    fc.assert(
      fc.property(changes, (change) => {
        fc.pre(change !== undefined && !(change.path.length === 0 && change.by === undefined));
        const changed = replaced(valueFrom(change.from), change.path, change.by);
        const [wanted, found] = [reduce(change.from, valueFrom(change.from)), reduce(change.from, changed)];
        const pointer = pointerOf(['spec', ...change.path]);
        const pointers = differences(wanted, found).map((difference) => difference.pointer);
        expect(pointers.some((reported) => pointer === reported || pointer.startsWith(`${reported}/`))).toBe(true);
        expect(reductionText(found)).not.toBe(reductionText(wanted));
      }),
    );
  });

  it('does not see what it does not own', () => {
    fc.assert(
      fc.property(node, fc.string(), (from, text) => {
        const base = objectOf(from, valueFrom(from));
        const grown = { ...base, metadata: { ...base.metadata, annotations: { text } }, status: { text } };
        expect(reductionText(reduceByEntry(grown, entryFor(from)))).toBe(
          reductionText(reduceByEntry(base, entryFor(from))),
        );
      }),
    );
  });
});
