import { describe, expect, it } from 'vitest';
import type { KubeObject, ManagedFieldsEntry } from '@fairlead/core/model';
import {
  differences,
  entryOf,
  ignoredPointers,
  reduceByEntry,
  reductionText,
  settleIgnored,
  withoutIgnored,
} from './index.ts';

const entry = (manager: string, fieldsV1: object, operation: 'Apply' | 'Update' = 'Apply'): ManagedFieldsEntry => ({
  manager,
  operation,
  apiVersion: 'apps/v1',
  fieldsV1: fieldsV1 as never,
});
const containers = (...names: string[]) => ({
  'f:template': {
    'f:spec': {
      'f:containers': Object.fromEntries(
        names.map((name) => [`k:${JSON.stringify({ name })}`, { '.': {}, 'f:name': {}, 'f:image': {} }]),
      ),
    },
  },
});
const deployment = (
  spec: object,
  managedFields: readonly ManagedFieldsEntry[] = [],
  annotations?: Record<string, string>,
): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', managedFields, ...(annotations ? { annotations } : {}) },
  spec,
});
const settle = (desired: KubeObject, live: KubeObject | undefined, ...pointers: string[]) =>
  settleIgnored(desired, { live, pointers, ours: 'fairlead' });

describe('the rules of an application', () => {
  const rules = [
    { target: { kind: 'Deployment' }, pointers: ['/spec/replicas'] },
    { target: { kind: 'Deployment', name: 'web*' }, pointers: ['/spec/replicas', '/metadata/annotations/x'] },
    { target: { group: '' }, pointers: ['/data'] },
  ];

  it('give each pointer once', () => {
    expect(ignoredPointers(deployment({}), rules)).toEqual(['/metadata/annotations/x', '/spec/replicas']);
    expect(ignoredPointers({ apiVersion: 'v1', kind: 'Secret', metadata: {} }, rules)).toEqual(['/data']);
  });
});

describe('an ignored field', () => {
  const ours = entry('fairlead', { 'f:spec': { 'f:replicas': {}, 'f:paused': {}, ...containers('app', 'proxy') } });
  const specOf = (replicas: number, image: string, more: object = {}) => ({
    replicas,
    paused: false,
    template: {
      spec: {
        containers: [
          { name: 'app', image },
          { name: 'proxy', image: 'p' },
        ],
      },
    },
    ...more,
  });
  const reduce = (spec: object, by = ours, ...pointers: string[]) =>
    withoutIgnored(reduceByEntry(deployment(spec, [by]), by), pointers);

  it('is no difference', () => {
    expect(
      differences(reduce(specOf(2, 'a'), ours, '/spec/replicas'), reduce(specOf(9, 'a'), ours, '/spec/replicas')),
    ).toEqual([]);
    expect(reductionText(reduce(specOf(2, 'a'), ours, '/spec/replicas'))).toBe(
      reductionText(reduce(specOf(9, 'a'), ours, '/spec/replicas')),
    );
  });

  it('is no difference either when another manager took it out of our entry', () => {
    const shrunk = entry('fairlead', { 'f:spec': { 'f:paused': {}, ...containers('app', 'proxy') } });
    expect(reductionText(reduce(specOf(9, 'a'), shrunk, '/spec/replicas'))).toBe(
      reductionText(reduce(specOf(2, 'a'), ours, '/spec/replicas')),
    );
  });

  it('hides nothing beside it', () => {
    const pointers = ['/spec/replicas', '/spec/template/spec/containers/1/image'];
    const [wanted, found] = [reduce(specOf(2, 'a'), ours, ...pointers), reduce(specOf(9, 'b'), ours, ...pointers)];
    expect(differences(wanted, found).map(({ pointer }) => pointer)).toEqual([
      '/spec/template/spec/containers/0/image',
    ]);
  });

  it('may be of any item', () => {
    const pointer = '/spec/template/spec/containers/*/image';
    expect(differences(reduce(specOf(2, 'a'), ours, pointer), reduce(specOf(2, 'b'), ours, pointer))).toEqual([]);
  });

  it('may lie in a part that is owned as one', () => {
    const selector = entry('fairlead', { 'f:spec': { 'f:selector': {}, 'f:rules': {} } });
    const [a, b] = [
      { selector: { app: 'a', tier: 'x' }, rules: [{ host: 'a', port: 1 }] },
      { selector: { app: 'b', tier: 'x' }, rules: [{ host: 'a', port: 2 }] },
    ];
    const pointers = ['/spec/selector/app', '/spec/rules/*/port'];
    expect(differences(reduce(a, selector, ...pointers), reduce(b, selector, ...pointers))).toEqual([]);
    expect(
      differences(reduce(a, selector, pointers[0] ?? ''), reduce(b, selector, pointers[0] ?? '')).map(
        ({ pointer }) => pointer,
      ),
    ).toEqual(['/spec/rules/0/port']);
  });

  it('is sent at creation', () => {
    const desired = deployment({ replicas: 2 });
    expect(settle(desired, undefined, '/spec/replicas')).toBe(desired);
  });

  it('is left out where another manager owns it', () => {
    const live = deployment({ replicas: 7, paused: false }, [
      entry('fairlead', { 'f:spec': { 'f:paused': {} } }),
      entry('autoscaler', { 'f:spec': { 'f:replicas': {} } }, 'Update'),
    ]);
    expect(settle(deployment({ replicas: 2, paused: true }), live, '/spec/replicas').spec).toEqual({ paused: true });
  });

  it('is left out where we share it', () => {
    const live = deployment({ replicas: 2 }, [
      entry('fairlead', { 'f:spec': { 'f:replicas': {} } }),
      entry('autoscaler', { 'f:spec': { 'f:replicas': {} } }),
    ]);
    expect(settle(deployment({ replicas: 2 }), live, '/spec/replicas').spec).toBeUndefined();
  });

  it('is sent with its live value where only we own it', () => {
    const live = deployment({ replicas: 7 }, [entry('fairlead', { 'f:spec': { 'f:replicas': {} } })]);
    expect(settle(deployment({ replicas: 2 }), live, '/spec/replicas').spec).toEqual({ replicas: 7 });
  });

  it('is kept where only we own it and the manifest dropped it', () => {
    const live = deployment({ replicas: 7, paused: true }, [
      entry('fairlead', { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } }),
    ]);
    expect(settle(deployment({ paused: true }), live, '/spec/replicas').spec).toEqual({ replicas: 7, paused: true });
  });

  it('is left out where nobody owns it any more', () => {
    expect(
      settle(deployment({ replicas: 2, paused: true }), deployment({ paused: true }), '/spec/replicas').spec,
    ).toEqual({ paused: true });
  });

  it('is settled field by field when it is a map', () => {
    const live = deployment(
      {},
      [
        entry('fairlead', { 'f:metadata': { 'f:annotations': { 'f:mine': {} } } }),
        entry('other', { 'f:metadata': { 'f:annotations': { 'f:theirs': {} } } }, 'Update'),
      ],
      { mine: 'live', theirs: 'live' },
    );
    const sent = settle(
      deployment({}, [], { mine: 'new', theirs: 'new', fresh: 'new' }),
      live,
      '/metadata/annotations',
    );
    expect(sent.metadata.annotations).toEqual({ mine: 'live' });
  });

  it('is found by its merge key, however the live list is ordered', () => {
    const live = deployment(
      {
        template: {
          spec: {
            containers: [
              { name: 'sidecar', image: 's' },
              { name: 'proxy', image: 'p2' },
              { name: 'app', image: 'live' },
            ],
          },
        },
      },
      [
        entry('fairlead', { 'f:spec': containers('app', 'proxy') }),
        entry('injector', { 'f:spec': containers('sidecar') }, 'Update'),
      ],
    );
    const sent = settle(
      deployment({
        template: {
          spec: {
            containers: [
              { name: 'app', image: 'a' },
              { name: 'proxy', image: 'p' },
              { name: 'new', image: 'n' },
            ],
          },
        },
      }),
      live,
      '/spec/template/spec/containers/*/image',
    );
    expect(sent.spec).toEqual({
      template: {
        spec: {
          containers: [
            { name: 'app', image: 'live' },
            { name: 'proxy', image: 'p2' },
            { name: 'new', image: 'n' },
          ],
        },
      },
    });
  });

  it('keeps the name of an object whatever is ignored', () => {
    const live = deployment({}, [], {});
    expect(settle(deployment({}), live, '/metadata/name', '/kind', '/metadata').metadata.name).toBe('web');
  });

  it('leaves what is beside it as the manifest has it', () => {
    const live = deployment({ replicas: 7, paused: true }, [
      entry('fairlead', { 'f:spec': { 'f:replicas': {}, 'f:paused': {} } }),
    ]);
    expect(settle(deployment({ replicas: 2, paused: false }), live, '/spec/replicas').spec).toEqual({
      replicas: 7,
      paused: false,
    });
    expect(entryOf(live, 'someone')).toBeUndefined();
  });
});
