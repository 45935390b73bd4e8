import { describe, expect, it } from 'vitest';
import { FairleadError, type KubeObject } from '@fairlead/core/model';
import { fakeCluster, type FakeCluster } from './fake.ts';
import type { WatchEvent } from './port.ts';

const by = { identity: { as: 'self' }, fieldManager: 'fairlead', force: true } as const;
const key = { group: '', kind: 'ConfigMap', namespace: 'default', name: 'a' };
const configMap = (data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'default' },
  data,
});

async function kindOf(fake: FakeCluster, apiVersion: string, kind: string) {
  const found = await fake.kindOf({ apiVersion, kind });
  if (!found) throw new Error(`no kind ${kind}`);
  return found;
}

describe('the fake API server', () => {
  it('gives changed fields to the hand that changed them', async () => {
    const fake = fakeCluster({ now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678) });
    await fake.apply(configMap({ a: '1', b: '1' }), by);
    fake.edit(key, (live) => ({ ...live, data: { a: '2', b: '1' } }));
    expect(fake.find(key)?.metadata.managedFields).toMatchObject([
      { manager: 'fairlead', operation: 'Apply', time: '2026-01-02T03:04:05Z', fieldsV1: { 'f:data': { 'f:b': {} } } },
      { manager: 'kubectl-edit', operation: 'Update', fieldsV1: { 'f:data': { 'f:a': {} } } },
    ]);
  });

  it('counts the generation for changes of the specification only', async () => {
    const fake = fakeCluster();
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a', namespace: 'default' } };
    const at = { ...key, group: 'apps', kind: 'Deployment' };
    await fake.apply({ ...deployment, spec: { replicas: 1 } }, by);
    fake.edit(at, (live) => ({ ...live, status: { readyReplicas: 1 } }), {
      manager: 'controller',
      subresource: 'status',
    });
    expect(fake.find(at)?.metadata.generation).toBe(1);
    const { object } = await fake.apply({ ...deployment, spec: { replicas: 2 }, status: { readyReplicas: 9 } }, by);
    expect(object).toMatchObject({ metadata: { generation: 2 }, status: { readyReplicas: 1 } });
  });

  it('notes every call with its identity, and lets a test fail it', async () => {
    const fake = fakeCluster();
    const broken = new FairleadError('it is down', { code: 'Unavailable', reason: 'ApiServerUnreachable' });
    const restore = fake.intercept(({ verb }) => {
      if (verb === 'apply') throw broken;
    });
    const identity = { as: 'serviceAccount', namespace: 'fairlead-system', name: 'web' } as const;
    await expect(fake.apply(configMap({}), { ...by, identity })).rejects.toBe(broken);
    restore();
    await fake.apply(configMap({}), { ...by, identity });
    expect(fake.calls).toMatchObject([
      { verb: 'apply', key, identity, dryRun: false },
      { verb: 'apply', key, identity },
    ]);
  });

  it('changes what is written as an admission webhook does', async () => {
    const fake = fakeCluster({ admit: (object) => ({ ...object, immutable: true }) });
    expect((await fake.apply(configMap({}), by)).object).toMatchObject({ immutable: true });
  });

  it('makes watches list again when changes are forgotten', async () => {
    const fake = fakeCluster();
    const control = new AbortController();
    const kind = await kindOf(fake, 'v1', 'ConfigMap');
    const watch = fake.watch({ kind, metadataOnly: true, signal: control.signal })[Symbol.asyncIterator]();
    const next = async (): Promise<string> => ((await watch.next()) as IteratorYieldResult<WatchEvent>).value.type;
    expect([await next(), await next()]).toEqual(['Reset', 'Synced']);
    fake.expireWatches();
    expect([await next(), await next()]).toEqual(['Reset', 'Synced']);
    control.abort();
    expect((await watch.next()).done).toBe(true);
  });

  it('ends a namespace with everything in it, and refuses new objects while it is held', async () => {
    const fake = fakeCluster();
    const name = { name: 'web', finalizers: ['example.com/hold'] };
    await fake.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: name }, by);
    const inside = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'web' } };
    await fake.apply(inside, by);
    fake.remove({ group: '', kind: 'Namespace', namespace: '', name: 'web' });
    const other = { ...inside, metadata: { name: 'b', namespace: 'web' } };
    await expect(fake.apply(other, by)).rejects.toMatchObject({
      code: 'FailedPrecondition',
      reason: 'ObjectTerminating',
    });
    fake.edit({ group: '', kind: 'Namespace', namespace: '', name: 'web' }, (live) => {
      const { finalizers: _finalizers, ...metadata } = live.metadata;
      return { ...live, metadata };
    });
    expect(fake.objects({ group: '', kind: 'ConfigMap' })).toEqual([]);
    await expect(fake.apply(other, by)).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('serves a CRD only once it is established, and takes its objects along when it goes', async () => {
    const fake = fakeCluster({ establishCrds: false });
    const spec = {
      group: 'boats.example.com',
      scope: 'Cluster',
      names: { kind: 'Sail', plural: 'sails' },
      versions: [{ name: 'v1', served: true, subresources: { status: {} } }],
    };
    const crd = {
      group: 'apiextensions.k8s.io',
      kind: 'CustomResourceDefinition',
      namespace: '',
      name: 'sails.boats.example.com',
    };
    await fake.apply({ apiVersion: 'apiextensions.k8s.io/v1', kind: crd.kind, metadata: { name: crd.name }, spec }, by);
    const sail = { apiVersion: 'boats.example.com/v1', kind: 'Sail', metadata: { name: 'main' }, spec: { area: 40 } };
    await expect(fake.apply(sail, by)).rejects.toMatchObject({ reason: 'KindUnknown' });
    const status = { conditions: [{ type: 'Established', status: 'True' }] };
    fake.edit(crd, (live) => ({ ...live, status }), { manager: 'kube-apiserver', subresource: 'status' });
    expect((await fake.apply(sail, by)).object.metadata.generation).toBe(1);
    fake.remove(crd);
    expect(fake.objects({ group: 'boats.example.com', kind: 'Sail' })).toEqual([]);
  });
});
