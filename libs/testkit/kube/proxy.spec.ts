import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createApiClient, type ApiClient } from './apiClient.ts';
import { startControlPlane, type ControlPlane } from './controlPlane.ts';
import { startApiProxy, type ApiProxy } from './proxy.ts';

let plane: ControlPlane;
let proxy: ApiProxy;
let client: ApiClient;
const collection = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const names = async (): Promise<string[]> =>
  (await plane.api.get(collection)).items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);

beforeAll(async () => {
  plane = await startControlPlane({ name: 'proxied', audit: false });
  await plane.api.create('/api/v1/namespaces/default/serviceaccounts', {
    ...configMap('writer'),
    kind: 'ServiceAccount',
  });
  await plane.api.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'writer' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', name: 'writer', namespace: 'default' }],
  });
  proxy = await startApiProxy(plane);
  client = createApiClient(proxy, { token: await plane.serviceAccountToken('default', 'writer') });
});
afterEach(() => {
  proxy.hooks = {};
});
afterAll(async () => {
  client?.close();
  await proxy?.stop();
  await plane?.stop();
});

describe('a proxy before an API server', () => {
  it('passes everything on, and tells when an answer has left', async () => {
    const told: string[] = [];
    proxy.hooks = { delivered: ({ method, url }, status) => void told.push(`${method} ${url.pathname} ${status}`) };
    await client.create(collection, configMap('passed'));
    expect(await names()).toContain('passed');
    expect(told).toEqual([`POST ${collection} 201`]);
  });

  it('gives another answer, and the API server hears nothing', async () => {
    proxy.hooks = { arrived: () => ({ status: 429, headers: { 'retry-after': '1' } }) };
    await expect(client.create(collection, configMap('given'))).rejects.toThrow('429');
    expect(await names()).not.toContain('given');
  });

  it('drops a request before it is heard, or its answer after it is done', async () => {
    const dropped = Promise.withResolvers<void>();
    const create = (name: string) =>
      client.request('POST', collection, { body: configMap(name), timeoutMs: 200 }).then(
        () => 'answered',
        () => 'unanswered',
      );
    proxy.hooks = { arrived: () => 'Drop' };
    expect(await create('unheard')).toBe('unanswered');
    proxy.hooks = {
      answered: () => {
        dropped.resolve();
        return 'Drop';
      },
    };
    expect(await create('done')).toBe('unanswered');
    await dropped.promise;
    expect(await names()).not.toContain('unheard');
    expect(await names()).toContain('done');
  });
});
