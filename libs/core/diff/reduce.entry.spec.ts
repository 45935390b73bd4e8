import { describe, expect, it } from 'vitest';
import { mask, type KubeObject, type ManagedFieldsEntry } from '@fairlead/core/model';
import {
  differences,
  entryOf,
  entryShrank,
  metadataText,
  otherManagers,
  reduceByEntry,
  reductionText,
} from './index.ts';

const entryWith = (fieldsV1: object, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager: 'fairlead',
  operation: 'Apply',
  apiVersion: 'v1',
  fieldsV1: fieldsV1 as never,
  ...more,
});

describe('our entry', () => {
  const object = (...managedFields: ManagedFieldsEntry[]): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { managedFields },
  });

  it('is the one that we applied, not one of our updates, of a subresource or of a namesake', () => {
    const mine = entryWith({ 'f:data': {} });
    const others = [
      entryWith({}, { operation: 'Update' }),
      entryWith({}, { subresource: 'status' }),
      entryWith({}, { manager: 'fairlead:0123456789abcdef' }),
    ];
    expect(entryOf(object(...others, mine), 'fairlead')).toBe(mine);
    expect(entryOf(object(...others), 'fairlead')).toBeUndefined();
    expect(entryOf({ metadata: {} }, 'fairlead')).toBeUndefined();
  });

  it.each([
    ['the same', { 'f:a': {}, 'f:b': { 'f:c': {} } }, { 'f:a': {}, 'f:b': { 'f:c': {} } }, false],
    ['grown', { 'f:a': {} }, { 'f:a': {}, 'f:b': {} }, false],
    ['grown inside', { 'f:a': {} }, { 'f:a': { '.': {}, 'f:b': {} } }, false],
    ['without a field', { 'f:a': {}, 'f:b': {} }, { 'f:a': {} }, true],
    ['without a field inside', { 'f:b': { '.': {}, 'f:c': {}, 'f:d': {} } }, { 'f:b': { '.': {}, 'f:c': {} } }, true],
    ['without the node itself', { 'f:b': { '.': {}, 'f:c': {} } }, { 'f:b': { 'f:c': {} } }, true],
    ['gone', { 'f:a': {} }, undefined, true],
  ])('that is %s shrank or not', (...[, before, after, expected]) => {
    expect(entryShrank(entryWith(before), after && entryWith(after))).toBe(expected);
  });

  it('shrinks by nothing where there was none', () => {
    expect(entryShrank(undefined, entryWith({ 'f:a': {} }))).toBe(false);
    expect(entryShrank(undefined, undefined)).toBe(false);
  });
});

describe('a reduction', () => {
  const config = (data: object): KubeObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', namespace: 'web' },
    data,
  });

  it('tells a field that is gone from one that is empty', () => {
    const texts = [config({}), config({ a: '' })].map((object) =>
      reductionText(reduceByEntry(object, entryWith({ 'f:data': { 'f:a': {} } }))),
    );
    expect(texts[0]).not.toBe(texts[1]);
  });

  it('of an empty entry holds nothing', () => {
    expect(reductionText(reduceByEntry(config({ a: '1' }), entryWith({})))).toBe('{}');
  });

  it('does not read keys of its own making', () => {
    const reduced = reduceByEntry(
      config(JSON.parse('{"__proto__":"x"}') as object),
      entryWith({ 'f:data': { 'f:constructor': {}, 'f:__proto__': {} } }),
    );
    expect(
      differences(
        reduced,
        reduceByEntry(config({}), entryWith({ 'f:data': { 'f:constructor': {}, 'f:__proto__': {} } })),
      ),
    ).toMatchObject([{ pointer: '/data/__proto__', wanted: 'x' }]);
  });

  it('knows an item by place where the list has no keys', () => {
    const entry = entryWith({ 'f:items': { 'i:1': { 'f:a': {} } } });
    const object = (a: number): KubeObject => ({
      apiVersion: 'v1',
      kind: 'List',
      metadata: {},
      items: [{ a: 0 }, { a }],
    });
    expect(differences(reduceByEntry(object(1), entry), reduceByEntry(object(2), entry))).toEqual([
      { pointer: '/items/1/a', wanted: 1, found: 2, masked: false },
    ]);
  });

  it('compares every item of a keyed list whose keys are not unique', () => {
    const entry = entryWith({ 'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } } });
    const object = (...values: string[]): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Env',
      metadata: {},
      env: values.map((value) => ({ name: 'A', value })),
    });
    expect(differences(reduceByEntry(object('1', '2'), entry), reduceByEntry(object('1', '3'), entry))).toMatchObject([
      { pointer: '/env/1/value', wanted: '2', found: '3' },
    ]);
  });

  it('ignores elements that it cannot read', () => {
    const entry = entryWith({ 'f:data': { 'k:not json': {}, 'x:new': {} } });
    expect(
      reductionText(reduceByEntry({ apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data: [1] }, entry)),
    ).toContain('null');
  });

  it('is refused of an object that was read in another version', () => {
    expect(() => reduceByEntry(config({}), entryWith({}, { apiVersion: 'v2' }))).toThrow(
      'Cannot compare /ConfigMap/web/c: it was read as v1 and what was applied is v2; read it in that version',
    );
  });
});

describe('differences of a Secret', () => {
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const secret = (data: object | undefined, text: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { annotations: { [annotation]: text, plain: text } },
    type: text,
    ...(data ? { data } : {}),
  });
  const entry = entryWith({
    'f:data': { '.': {}, 'f:a': {} },
    'f:type': {},
    'f:metadata': { 'f:annotations': { '.': {}, [`f:${annotation}`]: {}, 'f:plain': {} } },
  });

  it('show where, and never what', () => {
    const found = differences(
      reduceByEntry(secret({ a: 'c2VjcmV0' }, 'one'), entry),
      reduceByEntry(secret({ a: 'b3RoZXI=' }, 'two'), entry),
    );
    expect(found).toEqual([
      { pointer: '/data/a', wanted: mask, found: mask, masked: true },
      {
        pointer: '/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration',
        wanted: mask,
        found: mask,
        masked: true,
      },
      { pointer: '/metadata/annotations/plain', wanted: 'one', found: 'two', masked: false },
      { pointer: '/type', wanted: 'one', found: 'two', masked: false },
    ]);
  });

  it('keep keys and no values where all data is gone', () => {
    const [first] = differences(
      reduceByEntry(secret({ a: 'c2VjcmV0' }, 'one'), entry),
      reduceByEntry(secret(undefined, 'one'), entry),
    );
    expect(first).toEqual({ pointer: '/data', wanted: { a: mask }, masked: true });
  });

  it('are masked where the annotations are gone as a whole', () => {
    const bare: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: {}, type: 'one', data: { a: 'x' } };
    const [first] = differences(reduceByEntry(secret({ a: 'x' }, 'one'), entry), reduceByEntry(bare, entry));
    expect(first).toMatchObject({
      pointer: '/metadata/annotations',
      wanted: { [annotation]: mask, plain: 'one' },
      masked: true,
    });
  });

  it('of a custom kind of that name are shown', () => {
    const custom = (a: string): KubeObject => ({
      apiVersion: 'example.com/v1',
      kind: 'Secret',
      metadata: {},
      data: { a },
    });
    const ofCustom = { ...entry, apiVersion: 'example.com/v1' };
    expect(differences(reduceByEntry(custom('1'), ofCustom), reduceByEntry(custom('2'), ofCustom))[0]).toMatchObject({
      wanted: '1',
      found: '2',
      masked: false,
    });
  });
});

describe('who else owns a field', () => {
  const owner = (manager: string, time: string, fieldsV1: object) =>
    entryWith(fieldsV1, { manager, time, operation: 'Update' });
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: {
      managedFields: [
        entryWith({ 'f:spec': { 'f:a': {} } }),
        owner('early', '2026-11-02T10:00:00Z', {
          'f:spec': { 'f:a': {}, 'f:list': { 'k:{"name":"x"}': { 'f:v': {} } } },
        }),
        owner('late', '2026-11-02T11:00:00Z', { 'f:spec': { 'f:whole': {}, 'f:a': {} } }),
        { ...owner('scaler', '', { 'f:spec': { 'f:whole': {} } }), subresource: 'scale' },
      ],
    },
    spec: { a: 1, whole: { deep: { er: 1 } }, list: [{ name: 'y' }, { name: 'x', v: 1 }] },
  };
  const names = (pointer: string) => otherManagers(object, pointer, { ours: 'fairlead' }).map(({ manager }) => manager);

  it('is named, the latest first', () => {
    expect(otherManagers(object, '/spec/a', { ours: 'fairlead' })).toEqual([
      { manager: 'late', operation: 'Update', subresource: '', atMs: Date.UTC(2026, 10, 2, 11) },
      { manager: 'early', operation: 'Update', subresource: '', atMs: Date.UTC(2026, 10, 2, 10) },
    ]);
  });

  it('is named for what lies in a part that is owned as one, and for a part by what lies in it', () => {
    expect(names('/spec/whole/deep/er')).toEqual(['late', 'scaler']);
    expect(names('/spec')).toEqual(['late', 'early', 'scaler']);
  });

  it('is found in a keyed list by the item that is there now', () => {
    expect(names('/spec/list/1/v')).toEqual(['early']);
    expect(names('/spec/list/0')).toEqual([]);
    expect(names('/spec/nothing')).toEqual([]);
  });
});

describe('what metadata tells', () => {
  const fields = { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:data': { 'f:a': {} } };
  const text = (metadata: KubeObject['metadata'], entry = entryWith(fields)) =>
    metadataText(
      { apiVersion: 'v1', kind: 'X', metadata: { labels: { app: 'a' }, ...metadata, managedFields: [entry] } },
      'fairlead',
    );

  it('changes with the generation, our entry and the labels that we own', () => {
    const reference = text({ generation: 1 });
    expect(text({ generation: 2 })).not.toBe(reference);
    expect(text({ generation: 1, labels: { app: 'b' } })).not.toBe(reference);
    expect(text({ generation: 1, labels: {} })).not.toBe(reference);
    expect(text({ generation: 1 }, entryWith({ 'f:metadata': fields['f:metadata'] }))).not.toBe(reference);
    expect(text({ generation: 1 }, entryWith(fields, { manager: 'other' }))).not.toBe(reference);
  });

  it('does not change with a status, the labels of others or the time of our entry', () => {
    const reference = text({ generation: 1, resourceVersion: '1' });
    expect(
      text({ generation: 1, resourceVersion: '2', labels: { app: 'a', theirs: 'x' }, annotations: { theirs: 'x' } }),
    ).toBe(reference);
    expect(text({ generation: 1 }, entryWith(fields, { time: '2026-11-02T10:00:00Z' }))).toBe(reference);
  });

  it('changes with the resourceVersion where there is no generation', () => {
    expect(text({ resourceVersion: '2' })).not.toBe(text({ resourceVersion: '1' }));
  });
});
