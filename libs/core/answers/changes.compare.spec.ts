import type { Json, KubeObject } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { changesBetween, conceal } from './index.ts';

const base: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', uid: '1', resourceVersion: '5', generation: 2, labels: { app: 'web' } },
  spec: {
    replicas: 2,
    template: { containers: [{ name: 'main', image: 'web:1', env: [{ name: 'DB_TOKEN', value: 'old' }] }] },
  },
  status: { readyReplicas: 2 },
};
const as = (change: (object: { spec: Record<string, Json>; metadata: Record<string, Json> }) => void): KubeObject => {
  const copy = structuredClone(base) as unknown as { spec: Record<string, Json>; metadata: Record<string, Json> };
  change(copy);
  return copy as unknown as KubeObject;
};
const between = (wanted: KubeObject) =>
  changesBetween({ found: base, wanted }, (object) => conceal(object)).map(({ path, ...values }) => [
    path.join('/'),
    values,
  ]);

test('status and what the server writes by itself are no change', () => {
  const wanted = as((object) => {
    object.metadata = { ...object.metadata, resourceVersion: '9', generation: 3, managedFields: [] };
  });
  expect(between({ ...wanted, status: {} })).toEqual([]);
});

test('a field that changes, comes or goes is told by its path', () => {
  const wanted = as((object) => {
    object.spec['replicas'] = 3;
    object.spec['paused'] = true;
    object.metadata['labels'] = {};
  });
  expect(between(wanted)).toEqual([
    ['metadata/labels/app', { found: 'web', wanted: undefined }],
    ['spec/paused', { found: undefined, wanted: true }],
    ['spec/replicas', { found: 2, wanted: 3 }],
  ]);
});

test('items with names are held against their namesakes, wherever they stand', () => {
  const wanted = as((object) => {
    const { containers } = object.spec['template'] as { containers: Json[] };
    containers.unshift({ name: 'sidecar', image: 'proxy:1' });
    (containers[1] as Record<string, Json>)['image'] = 'web:2';
  });
  expect(between(wanted)).toEqual([
    ['spec/template/containers/0', { found: undefined, wanted: { name: 'sidecar', image: 'proxy:1' } }],
    ['spec/template/containers/0/image', { found: 'web:1', wanted: 'web:2' }],
  ]);
});

test('a changed secret is told, and neither of its values', () => {
  const wanted = as((object) => {
    const { containers } = object.spec['template'] as { containers: { env: { value: string }[] }[] };
    if (containers[0]?.env[0]) containers[0].env[0].value = 'new';
  });
  expect(between(wanted)).toEqual([
    ['spec/template/containers/0/env/0/value', { found: '(masked)', wanted: '(masked)' }],
  ]);
});

test('lists without names that are not of one length, and bare order, are told as a whole', () => {
  const [found, wanted] = [
    as((object) => (object.spec['args'] = ['a', 'b'])),
    as((object) => (object.spec['args'] = ['a'])),
  ];
  expect(changesBetween({ found, wanted }, (object) => object)).toEqual([
    { path: ['spec', 'args'], found: ['a', 'b'], wanted: ['a'] },
  ]);
  const named = (names: string[]) => as((object) => (object.spec['ports'] = names.map((name) => ({ name }))));
  expect(changesBetween({ found: named(['a', 'b']), wanted: named(['b', 'a']) }, (object) => object)).toEqual([
    { path: ['spec', 'ports'], found: [{ name: 'a' }, { name: 'b' }], wanted: [{ name: 'b' }, { name: 'a' }] },
  ]);
});
