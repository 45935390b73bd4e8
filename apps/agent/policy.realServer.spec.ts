import type { ApplicationId, KubeObject } from '@fairlead/core/model';
import { readAudit } from '@fairlead/testkit/kube';
import {
  startSoleAgentPlace,
  type SoleAgentPlace,
  type SoleApplication,
  type SoleHub,
} from '@fairlead/testkit/soleAgent';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

const web = 'web/shop' as ApplicationId;
const waits = { timeout: 20_000, interval: 20 };
let place: SoleAgentPlace;
let policy: string;

beforeAll(async () => {
  place = await startSoleAgentPlace({ name: 'policy' });
  policy = `/api/v1/namespaces/${place.namespace}/configmaps/fairlead-policy`;
});
afterEach(async () => {
  await bounds({});
});
afterAll(() => place?.stop());

const configMap = (name: string, namespace?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  data: { a: '1' },
});
const role: KubeObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'everything' },
  rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
};

/** The owner writes the policy; what it does not name is gone from it. */
async function bounds(data: Readonly<Record<string, string>>): Promise<void> {
  await place.plane.api.request('PUT', policy, {
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'fairlead-policy' }, data },
  });
}

async function exists(path: string): Promise<boolean> {
  return place.plane.api.get(path).then(
    () => true,
    () => false,
  );
}

async function until(hub: SoleHub, fields: object): Promise<void> {
  await vi.waitFor(() => expect(hub.statuses.get(web)).toMatchObject(fields), waits);
}

const wanted = (objects: readonly KubeObject[], more: Omit<Partial<SoleApplication>, 'objects'> = {}) => ({
  applications: { [web]: { objects, ...more } },
});

/** Who made or changed an object, as the API server saw it. */
async function writersOf(name: string): Promise<string[]> {
  const entries = await readAudit(place.plane.auditLogPath, {
    where: ({ objectRef, verb, userAgent }) =>
      objectRef?.name === name &&
      ['create', 'patch', 'delete'].includes(verb) &&
      userAgent.startsWith('fairlead-agent'),
  });
  return entries.map(({ impersonatedUser = '(itself)' }) => impersonatedUser.split(':').at(-1) ?? '');
}

describe("the policy of the cluster's owner, on a real API server", () => {
  it('keeps the hub to the namespaces that it allows, and lets it in when it allows more', async () => {
    await bounds({ namespaces: 'web-*, shop' });
    const hub = place.hub();
    await place.withAgent(hub, async () => {
      await hub.want(wanted([configMap('inside'), configMap('outside', 'default')]));
      await until(hub, { sync: 'Failed', reason: 'OwnerPolicyForbids', message: expect.stringContaining('default') });
      expect(await exists('/api/v1/namespaces/shop/configmaps/inside')).toBe(true);
      expect(await exists('/api/v1/namespaces/default/configmaps/outside')).toBe(false);
      await bounds({ namespaces: 'shop default' });
      await until(hub, { sync: 'InSync' });
      expect(await exists('/api/v1/namespaces/default/configmaps/outside')).toBe(true);
    });
  });

  it('makes no namespace that it does not allow, nor one of a kind or by an account that it does not', async () => {
    for (const data of [{ denyKinds: 'Namespace' }, { serviceAccounts: 'fairlead-team' }, { namespaces: 'shop' }]) {
      await bounds(data);
      const hub = place.hub();
      await place.withAgent(hub, async () => {
        const serviceAccount = 'serviceAccounts' in data ? 'fairlead-team' : 'fairlead-applier';
        await hub.want(wanted([configMap('a')], { namespace: 'made-by-hub', serviceAccount }));
        await until(hub, { sync: 'Failed', reason: 'OwnerPolicyForbids' });
      });
      expect(await exists('/api/v1/namespaces/made-by-hub')).toBe(false);
    }
  });

  it('keeps the hub to the kinds that it allows, also for what is there already: nothing of them is put right or deleted', async () => {
    const hub = place.hub();
    const path = '/apis/rbac.authorization.k8s.io/v1/clusterroles/everything';
    await place.withAgent(hub, async () => {
      await hub.want(wanted([configMap('a'), role]));
      await until(hub, { sync: 'InSync' });
      await bounds({ denyKinds: 'ClusterRole*' });
      await until(hub, { sync: 'Failed', reason: 'OwnerPolicyForbids' });
      const writes = (await writersOf('everything')).length;
      await place.plane.api.merge(path, { rules: [] });
      await place.plane.api.merge('/api/v1/namespaces/shop/configmaps/a', { data: { a: 'x' } });
      // Its neighbour is put right as ever; that it was tells that the change before it was seen.
      await vi.waitFor(async () => {
        const { data } = await place.plane.api.get('/api/v1/namespaces/shop/configmaps/a');
        expect(data.a).toBe('1');
      }, waits);
      await hub.want(wanted([configMap('a')]));
      await until(hub, {
        sync: 'OutOfSync',
        reason: 'OwnerPolicyForbids',
        message: expect.stringContaining('ClusterRole'),
      });
      expect((await place.plane.api.get(path)).rules ?? []).toEqual([]);
      expect(await writersOf('everything')).toHaveLength(writes);
      await bounds({});
      await vi.waitFor(async () => expect(await exists(path)).toBe(false), waits);
    });
  });

  it('keeps prune to its own budget, whatever the hub acknowledges', async () => {
    const objects = Array.from({ length: 6 }, (_, n) => configMap(`many-${n}`));
    const [first, second] = [place.hub(), place.hub()];
    await place.withAgent(first, async () => {
      await first.want(wanted([configMap('a'), ...objects]));
      await until(first, { sync: 'InSync', objects: 7 });
    });
    await bounds({ pruneBudget: '0' });
    await place.withAgent(second, async () => {
      await second.want({ tombstones: [{ application: web }] });
      await until(second, { sync: 'OutOfSync', reason: 'OwnerPolicyForbids' });
      expect(await exists('/api/v1/namespaces/shop/configmaps/many-0')).toBe(true);
      await bounds({ pruneBudget: '100%' });
      await vi.waitFor(() => expect(second.statuses.get(web)).toBeUndefined(), waits);
      expect(await exists('/api/v1/namespaces/shop/configmaps/many-0')).toBe(false);
    });
  });

  it('keeps the hub to the accounts that it allows; an empty one, and those of the agent itself, are refused always', async () => {
    await bounds({ serviceAccounts: 'fairlead-team' });
    const hub = place.hub();
    await place.withAgent(hub, async () => {
      const refused = async (serviceAccount: string, message: string): Promise<void> => {
        await hub.want(wanted([configMap(`as-${serviceAccount}x`)], { serviceAccount }));
        await until(hub, { sync: 'Failed', reason: 'OwnerPolicyForbids', message: expect.stringContaining(message) });
        expect(await exists(`/api/v1/namespaces/shop/configmaps/as-${serviceAccount}x`)).toBe(false);
      };
      await refused('fairlead-applier', 'fairlead-team only');
      await bounds({});
      await until(hub, { sync: 'InSync' });
      await refused('', 'no service account');
      await refused('fairlead-agent', "the agent's own");
      await refused('fairlead-upgrader', "the agent's own");
    });
  });

  it('gives a team what its own account may do, and no more: the API server says which verb is missing', async () => {
    const { api } = place.plane;
    const account = { kind: 'ServiceAccount', name: 'fairlead-team', namespace: place.namespace };
    await api.create(`/api/v1/namespaces/${place.namespace}/serviceaccounts`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: account.name },
    });
    const hub = place.hub();
    await place.withAgent(hub, async () => {
      await hub.want(wanted([configMap('of-team')], { serviceAccount: account.name }));
      await until(hub, {
        sync: 'Failed',
        reason: 'Forbidden',
        message: expect.stringMatching(/fairlead-team.*patch/s),
      });
      await api.create('/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings', {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'team' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:aggregate-to-edit' },
        subjects: [account],
      });
      await until(hub, { sync: 'InSync' });
      await hub.want(wanted([configMap('of-team'), role], { serviceAccount: account.name }));
      await until(hub, { sync: 'Failed', reason: 'Forbidden', message: expect.stringContaining('everything') });
    });
    expect(new Set(await writersOf('of-team'))).toEqual(new Set(['fairlead-team']));
  });

  it('lets no application write in the namespace of the agent, nor what its install manifest brought', async () => {
    const hub = place.hub();
    const deployment = `/apis/apps/v1/namespaces/${place.namespace}/deployments/fairlead-agent`;
    const before = (await place.plane.api.get(deployment)).metadata.resourceVersion;
    const image = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'fairlead-agent', namespace: place.namespace },
      spec: {
        selector: { matchLabels: { app: 'x' } },
        template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'evil/image' }] } },
      },
    };
    const opened = { ...configMap('fairlead-policy', place.namespace), data: { namespaces: '*' } };
    const rights = { ...role, metadata: { name: 'fairlead-agent' } };
    await place.withAgent(hub, async () => {
      await hub.want(wanted([configMap('a'), image, opened, rights]));
      await until(hub, { sync: 'Failed', reason: 'OwnerPolicyForbids' });
      const problems = hub.statuses.get(web)?.problems ?? [];
      const refused = problems.filter(({ reason }) => reason === 'OwnerPolicyForbids').map(({ key }) => key.kind);
      expect(refused.sort()).toEqual(['ClusterRole', 'ConfigMap', 'Deployment']);
    });
    expect((await place.plane.api.get(deployment)).metadata.resourceVersion).toBe(before);
    expect((await place.plane.api.get(policy)).data ?? {}).toEqual({});
  });
});
