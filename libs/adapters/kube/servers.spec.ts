import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '@fairlead/core/model';
import type { ResourceKind, WatchEvent } from '@fairlead/ports/cluster';
import { startControlPlane, type ControlPlane } from '@fairlead/testkit/kube';
import type { ClusterConnection } from './connect.ts';
import type { RequestInfo } from './http.ts';
import { fromKubeconfig } from './kubeconfig.ts';

let plane: ControlPlane;
let api: ClusterConnection;
let kind: ResourceKind;
let told: RequestInfo[] = [];
const by = { identity: { as: 'self' }, fieldManager: 'fairlead', force: true } as const;

beforeAll(async () => {
  plane = await startControlPlane({ name: 'servers', audit: false });
  const onRequest = (info: RequestInfo): void => void told.push(info);
  const watchBackoff = { firstMs: 20, lastMs: 200 };
  ({ api } = await fromKubeconfig(plane.kubeconfigPath, { onRequest, pageLimit: 50, watchBackoff }));
  kind = (await api.kindOf({ apiVersion: 'v1', kind: 'ConfigMap' })) as ResourceKind;
});
afterAll(async () => {
  api?.close();
  await plane?.stop();
});

function configMap(name: string, labels: Record<string, string>, data: Record<string, string> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels }, data };
}

describe('a real API server', () => {
  it('gives long lists in pages', async () => {
    const names = Array.from({ length: 120 }, (_, index) => `page-${String(index).padStart(3, '0')}`);
    await Promise.all(names.map((name) => api.apply(configMap(name, { test: 'pages' }, { a: 'x'.repeat(4000) }), by)));
    told = [];
    const found = await api.list(kind, { namespace: 'default', selector: 'test=pages' });
    expect(found.map((each) => each.metadata.name)).toEqual(names);
    expect(told.map(({ verb, status }) => `${verb} ${status}`)).toEqual(['list 200', 'list 200', 'list 200']);
    // Packed by the server: 120 objects of 4 kB each came as far fewer bytes.
    expect(told.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0)).toBeLessThan(240_000);
  });

  it('may be killed under a watch: nothing that happened is missed', async () => {
    const control = new AbortController();
    const errors: string[] = [];
    const onError = (error: Error): void => void errors.push(error.message);
    const live = new Map<string, string | undefined>();
    let synced = 0;
    const watch = api.watch({ kind, selector: 'test=restart', metadataOnly: true, signal: control.signal, onError });
    const watching = (async () => {
      for await (const event of watch) {
        synced += Number(event.type === 'Synced');
        note(live, event);
      }
    })();
    await expect.poll(() => synced, { timeout: 20_000 }).toBe(1);
    await api.apply(configMap('before', { test: 'restart' }), by);
    await expect.poll(() => [...live.keys()]).toEqual(['before']);
    await plane.restartApiServer();
    await expect
      .poll(
        () =>
          api.apply(configMap('after', { test: 'restart' }), by).then(
            () => true,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true);
    await api.delete(kind, { namespace: 'default', name: 'before' }, { identity: by.identity });
    await expect.poll(() => [...live.keys()], { timeout: 30_000 }).toEqual(['after']);
    control.abort();
    await watching;
  });

  it('knows who signs in by a plug-in', async () => {
    await api.apply(
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'plugged', namespace: 'default' } },
      by,
    );
    const token = await plane.serviceAccountToken('default', 'plugged');
    const apiVersion = 'client.authentication.k8s.io/v1';
    const credential = JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token } });
    const exec = { apiVersion, command: 'echo', args: [credential], interactiveMode: 'Never' };
    const config = JSON.parse(await readFile(plane.kubeconfigPath, 'utf8')) as { users: { user: object }[] };
    const path = join(plane.dataDir, 'plugged.kubeconfig');
    await writeFile(
      path,
      JSON.stringify({ ...config, users: config.users.map((each) => ({ ...each, user: { exec } })) }),
    );
    const { api: plugged } = await fromKubeconfig(path);
    const error = await plugged.list(kind).catch((thrown: Error) => thrown.message);
    plugged.close();
    expect(error).toContain('User "system:serviceaccount:default:plugged" cannot list resource "configmaps"');
  });

  it('takes integers that no double can hold, digit for digit', async () => {
    const versions = [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ];
    const spec = { group: 'big.example.com', scope: 'Namespaced', names: { kind: 'Big', plural: 'bigs' }, versions };
    const metadata = { name: 'bigs.big.example.com' };
    await api.apply({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata, spec }, by);
    const big = {
      apiVersion: 'big.example.com/v1',
      kind: 'Big',
      metadata: { name: 'a', namespace: 'default' },
      n: 9007199254740993n,
    };
    const applied = async (): Promise<unknown> => {
      api.forgetKinds();
      return (await api.apply(big, by)).object['n'];
    };
    await expect
      .poll(() => applied().catch((error: Error) => error.message), { timeout: 20_000 })
      .toBe(9007199254740993n);
  });
});

function note(live: Map<string, string | undefined>, event: WatchEvent): void {
  if (event.type === 'Reset') live.clear();
  if (event.type === 'Seen') live.set(event.object.metadata.name ?? '', event.object.metadata.resourceVersion);
  if (event.type === 'Gone') live.delete(event.object.metadata.name ?? '');
}
