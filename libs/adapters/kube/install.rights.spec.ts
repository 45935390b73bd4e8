import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentInstallManifest } from '@fairlead/core/install';
import type { KubeObject } from '@fairlead/core/model';
import type { Identity } from '@fairlead/ports/cluster';
import { startControlPlane, type ControlPlane } from '@fairlead/testkit/kube';
import { connectCluster, type ClusterConnection } from './connect.ts';

const namespace = 'fairlead-system';
const self = { as: 'self' } as const;
const by = { identity: self, fieldManager: 'fairlead', force: true } as const;
const account = (name: string, of = namespace): Identity => ({ as: 'serviceAccount', namespace: of, name });

let plane: ControlPlane;
let owner: ClusterConnection;
let agent: ClusterConnection;
const manifest = (caPem: string): KubeObject[] =>
  agentInstallManifest({
    clusterName: 'shop-0042',
    hub: '127.0.0.1:8443',
    caPem,
    joinToken: 'j0in-once',
    image: 'registry.example.com/fairlead/agent:1.0.0',
    profile: 'cluster-admin',
    teamServiceAccounts: ['fairlead-web'],
  });

beforeAll(async () => {
  plane = await startControlPlane({ name: 'install', audit: false, controllers: true });
  const { certPem: clientCert, keyPem: clientKey } = plane.admin;
  owner = connectCluster({ server: plane.server, caPem: plane.caPem, credentials: { clientCert, clientKey } });
  for (const object of manifest(plane.caPem)) await owner.apply(object, by);
  const token = await plane.serviceAccountToken(namespace, 'fairlead-agent');
  agent = connectCluster({ server: plane.server, caPem: plane.caPem, credentials: { token } });
});
afterAll(async () => {
  agent?.close();
  owner?.close();
  await plane?.stop();
});

interface Question {
  readonly verb: string;
  readonly resource: string;
  readonly group?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** What `kubectl auth can-i --as` asks. */
async function mayDo(name: string, question: Question): Promise<boolean> {
  const user = `system:serviceaccount:${namespace}:${name}`;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  const review = await plane.api.create('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, groups, resourceAttributes: question },
  });
  return (review as { status: { allowed: boolean } }).status.allowed;
}

describe('an installed agent', () => {
  it('can be applied again without a change', async () => {
    for (const object of manifest(plane.caPem)) {
      const first = await owner.apply(object, by);
      const second = await owner.apply(object, by);
      expect(second.created).toBe(false);
      if (!('status' in first.object)) {
        expect(second.object.metadata.resourceVersion).toBe(first.object.metadata.resourceVersion);
      }
    }
  });

  it.each<Question>([
    { verb: 'get', resource: 'pods', namespace: 'default' },
    { verb: 'watch', resource: 'secrets' },
    { verb: 'list', resource: 'configmaps' },
    { verb: 'list', resource: 'deployments', group: 'apps' },
    { verb: 'watch', resource: 'customresourcedefinitions', group: 'apiextensions.k8s.io' },
    { verb: 'create', resource: 'events', namespace: 'default' },
    { verb: 'patch', resource: 'events', group: 'events.k8s.io', namespace: 'default' },
    { verb: 'update', resource: 'secrets', namespace },
    { verb: 'update', resource: 'leases', group: 'coordination.k8s.io', namespace },
    { verb: 'patch', resource: 'deliveries', subresource: 'status', group: 'fairlead.dev', namespace },
    { verb: 'impersonate', resource: 'serviceaccounts', namespace, name: 'fairlead-applier' },
    { verb: 'impersonate', resource: 'serviceaccounts', namespace, name: 'fairlead-web' },
  ])('may $verb $group $resource $subresource in $namespace', async (question) => {
    expect(await mayDo('fairlead-agent', question)).toBe(true);
  });

  it.each<Question>([
    { verb: 'patch', resource: 'configmaps', namespace },
    { verb: 'create', resource: 'configmaps', namespace: 'default' },
    { verb: 'patch', resource: 'deployments', group: 'apps', namespace },
    { verb: 'delete', resource: 'deployments', group: 'apps', namespace: 'default' },
    { verb: 'create', resource: 'pods', subresource: 'exec', namespace },
    { verb: 'get', resource: 'pods', subresource: 'exec', namespace: 'default' },
    { verb: 'get', resource: 'nodes', subresource: 'proxy' },
    { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace },
    { verb: 'create', resource: 'secrets', namespace: 'default' },
    { verb: 'create', resource: 'namespaces' },
    { verb: 'impersonate', resource: 'serviceaccounts', namespace: 'kube-system', name: 'default' },
    { verb: 'impersonate', resource: 'users', name: 'admin' },
    { verb: 'impersonate', resource: 'groups', name: 'system:masters' },
    { verb: 'bind', resource: 'clusterroles', group: 'rbac.authorization.k8s.io', name: 'cluster-admin' },
    { verb: 'get', resource: 'prometheuses', group: 'monitoring.coreos.com' },
  ])('may not $verb $group $resource $subresource in $namespace', async (question) => {
    expect(await mayDo('fairlead-agent', question)).toBe(false);
  });

  it('may patch its own Deployment as the upgrader, and no other one', async () => {
    const patch = { verb: 'patch', resource: 'deployments', group: 'apps', namespace } as const;
    expect(await mayDo('fairlead-upgrader', { ...patch, name: 'fairlead-agent' })).toBe(true);
    expect(await mayDo('fairlead-upgrader', { ...patch, name: 'other' })).toBe(false);
    expect(await mayDo('fairlead-upgrader', { ...patch, namespace: 'default', name: 'fairlead-agent' })).toBe(false);
    expect(await mayDo('fairlead-web', { verb: 'get', resource: 'pods', namespace: 'default' })).toBe(false);
  });

  it('applies as the applier with its own token, and as nobody elsewhere', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' }, data: {} };
    const apply = async (identity: Identity): Promise<boolean> =>
      (await agent.apply(object, { ...by, identity })).created;
    const forbidden = { code: 'PermissionDenied', reason: 'Forbidden' };
    await expect(apply(self)).rejects.toMatchObject(forbidden);
    await expect(apply(account('fairlead-web'))).rejects.toMatchObject(forbidden);
    await expect(apply(account('default', 'kube-system'))).rejects.toMatchObject(forbidden);
    expect(await apply(account('fairlead-applier'))).toBe(true);
  });

  it('reads more where the owner adds a role to it', async () => {
    const question = { verb: 'list', resource: 'sails', group: 'boats.example.com' } as const;
    expect(await mayDo('fairlead-agent', question)).toBe(false);
    await owner.apply(
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'sails', labels: { 'fairlead.dev/aggregate-to-agent': 'true' } },
        rules: [{ apiGroups: ['boats.example.com'], resources: ['sails'], verbs: ['list'] }],
      },
      by,
    );
    await expect.poll(() => mayDo('fairlead-agent', question), { timeout: 20_000 }).toBe(true);
  });

  it('has a Pod that the restricted Pod security of its namespace admits', async () => {
    const list = async (): Promise<unknown> =>
      ((await plane.api.get(`/api/v1/namespaces/${namespace}/pods`)) as unknown as { items: unknown[] }).items.length;
    await expect.poll(list, { timeout: 30_000 }).toBe(1);
  });

  it('shows deliveries as a table for people', async () => {
    const delivery = {
      apiVersion: 'fairlead.dev/v1alpha1',
      kind: 'Delivery',
      metadata: { name: 'web-podinfo', namespace },
      spec: { application: 'web/podinfo' },
    };
    await agent.apply(delivery, by);
    const kind = await agent.preferredKind('fairlead.dev', 'Delivery');
    if (!kind) throw new Error('the server has no Delivery');
    const status = { version: '6.9.1', sync: 'InSync', health: 'Healthy', drift: 'None' };
    const patch = {
      body: { status },
      options: { type: 'merge', fieldManager: 'fairlead', identity: self, subresource: 'status' },
    } as const;
    const written = await agent.patch(kind, { namespace, name: 'web-podinfo' }, patch);
    expect(written['status']).toEqual(status);
  });
});
