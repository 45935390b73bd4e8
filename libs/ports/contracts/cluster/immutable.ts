import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@fairlead/core/model';
import { apiFailureOf } from '@fairlead/ports/cluster';
import type { Bench } from './contract.ts';
import { byFairlead, failureOf, freshName } from './objects.ts';

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'example/web:1' }], restartPolicy: 'Never' },
});
const always = (app: string) => ({ ...template(app), spec: { containers: template(app).spec.containers } });

/** Objects in two versions that differ in a field that cannot be changed. */
const cases: readonly (readonly [string, Omit<KubeObject, 'metadata'>, Omit<KubeObject, 'metadata'>])[] = [
  [
    "a Deployment's selector",
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { selector: { matchLabels: { app: 'a' } }, template: always('a') },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { selector: { matchLabels: { app: 'b' } }, template: always('b') },
    },
  ],
  [
    "a StatefulSet's service",
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: { serviceName: 'a', selector: { matchLabels: { app: 'a' } }, template: always('a') },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: { serviceName: 'b', selector: { matchLabels: { app: 'a' } }, template: always('a') },
    },
  ],
  [
    "a Job's template",
    { apiVersion: 'batch/v1', kind: 'Job', spec: { template: template('a') } },
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: { template: { ...template('a'), metadata: { labels: { app: 'b' } } } },
    },
  ],
  [
    "a RoleBinding's role",
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', roleRef: roleRef('a') },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', roleRef: roleRef('b') },
  ],
  [
    "a Secret's type",
    { apiVersion: 'v1', kind: 'Secret', type: 'example.com/a' },
    { apiVersion: 'v1', kind: 'Secret', type: 'example.com/b' },
  ],
  [
    'the data of an immutable ConfigMap',
    { apiVersion: 'v1', kind: 'ConfigMap', immutable: true, data: { a: '1' } },
    { apiVersion: 'v1', kind: 'ConfigMap', immutable: true, data: { a: '2' } },
  ],
  [
    'the data of an immutable Secret',
    { apiVersion: 'v1', kind: 'Secret', immutable: true, data: { a: 'MQ==' } },
    { apiVersion: 'v1', kind: 'Secret', immutable: true, data: { a: 'Mg==' } },
  ],
  [
    "a claim's modes",
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', spec: claim('ReadWriteOnce') },
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', spec: claim('ReadWriteMany') },
  ],
  [
    "a StorageClass's provisioner",
    { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', provisioner: 'example.com/a' },
    { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', provisioner: 'example.com/b' },
  ],
];

function roleRef(name: string): object {
  return { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
}

function claim(mode: string): object {
  return { accessModes: [mode], storageClassName: 'a', resources: { requests: { storage: '1Gi' } } };
}

/** Fields that cannot be changed after creation. */
export function immutableContract(bench: () => Bench): void {
  describe('changing what cannot be changed', () => {
    it.each(cases)('proves it of %s', async (_what, before, after) => {
      const { api } = bench();
      const isGlobal = before.kind === 'StorageClass';
      const metadata = { name: freshName('fixed'), ...(isGlobal ? {} : { namespace: 'default' }) };
      const options = byFairlead({ force: true });
      await api.apply({ ...before, metadata } as KubeObject, options);
      const error = await failureOf(api.apply({ ...after, metadata } as KubeObject, options));
      expect(error).toMatchObject({ code: 'InvalidInput', reason: 'ApplyFailed' });
      expect(apiFailureOf(error)?.immutable).toBe(true);
    });
  });
}
