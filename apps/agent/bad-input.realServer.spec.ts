import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { AgentMessage, ApplicationId, ApplicationStatus, KubeObject, ObjectProblem } from '@fairlead/core/model';
import type { ControlPlane, ProxiedRequest, ProxyHooks } from '@fairlead/testkit/kube';
import { hurriedClock, startSoleAgentPlace, type SoleAgentPlace, type SoleHub } from '@fairlead/testkit/soleAgent';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

const waits = { timeout: 30_000, interval: 20 };
let place: SoleAgentPlace;
let plane: ControlPlane;
/** Each test has an application and a namespace of its own. */
let count = 0;
let web: ApplicationId;
let shop: string;

beforeAll(async () => {
  place = await startSoleAgentPlace({ name: 'bad' });
  ({ plane } = place);
});
afterAll(async () => {
  await place?.stop();
});
afterEach(() => {
  place.proxy.hooks = {};
});

const configMap = (name: string, data: Record<string, string> = {}, more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...more },
  data,
});
const definition = (kind: string, scope: 'Namespaced' | 'Cluster'): KubeObject => {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.dev` },
    spec: {
      group: 'example.dev',
      scope,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
};
const custom = (kind: string, name: string, text = ''): KubeObject => ({
  apiVersion: 'example.dev/v1',
  kind,
  metadata: { name },
  spec: { text },
});
const noise = (bytes: number): string => randomBytes(bytes).toString('base64').slice(0, bytes);

interface Work {
  readonly hub: SoleHub;
  want(objects: readonly KubeObject[], more?: { serviceAccount?: string }): Promise<void>;
  status(): ApplicationStatus | undefined;
  /** Waits for a status that has these fields. */
  until(fields: Partial<ApplicationStatus>): Promise<ApplicationStatus>;
  problem(name: string): ObjectProblem | undefined;
  /** Everything that the hub was told of the application. */
  readonly told: readonly ApplicationStatus[];
}

/** Runs an agent, twenty times faster than time, with an application of its own. */
async function withAgent(work: (by: Work) => Promise<void>): Promise<void> {
  count += 1;
  web = `web/shop-${count}` as ApplicationId;
  shop = `shop-${count}`;
  const application = web;
  const hub = place.hub();
  const told: ApplicationStatus[] = [];
  hub.onMessage((message: AgentMessage) => {
    if (message.type === 'StatusDelta') told.push(...message.changed.filter((one) => one.application === application));
  });
  const status = () => hub.statuses.get(application);
  const by: Work = {
    hub,
    told,
    status,
    want: (objects, more = {}) => hub.want({ applications: { [application]: { objects, namespace: shop, ...more } } }),
    until: (fields) =>
      vi.waitFor(() => {
        expect(status()).toMatchObject(fields);
        return status() as ApplicationStatus;
      }, waits),
    problem: (name) => status()?.problems.find(({ key }) => key.name === name),
  };
  await place.withAgent(hub, () => work(by), { clock: hurriedClock(20) });
}

const isOf = (request: ProxiedRequest, name: string): boolean =>
  request.method === 'PATCH' && request.url.pathname.endsWith(`/${name}`);
/** Counts the applies of an object. */
function counting(name: string, more: ProxyHooks = {}): () => number {
  let applies = 0;
  place.proxy.hooks = {
    ...more,
    arrived(request) {
      if (isOf(request, name)) applies += 1;
      return more.arrived?.(request) ?? 'Pass';
    },
  };
  return () => applies;
}
const inShop = (name: string) => `/api/v1/namespaces/${shop}/configmaps/${name}`;
const exists = async (path: string): Promise<boolean> =>
  plane.api.get(path).then(
    () => true,
    () => false,
  );
const expectNeverHealthy = (told: readonly ApplicationStatus[]): void => {
  expect(told.length).toBeGreaterThan(0);
  for (const { healthyObjects, objects, sync, health } of told) {
    expect(healthyObjects).toBeLessThan(Math.max(objects, 1));
    expect(`${sync} ${health}`).not.toBe('InSync Healthy');
  }
};

describe('objects that the API server cannot take', () => {
  it('are named where they are too large, wherever the limit stands, and tried rarely', async () => {
    await plane.api.create(
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      definition('Crate', 'Namespaced'),
    );
    await withAgent(async ({ want, until, problem, told, status }) => {
      const applies = counting('over-etcd');
      await want([
        configMap('good'),
        configMap('over-kind', { text: noise(1_200_000) }),
        configMap('over-annotation', {}, { annotations: { text: noise(300_000) } }),
        custom('Crate', 'over-etcd', noise(1_700_000)),
        custom('Crate', 'over-server', noise(3_400_000)),
      ]);
      await until({ sync: 'Failed', reason: 'ApplyFailed' });
      await vi.waitFor(
        () => expect(status()?.problems.filter(({ reason }) => reason === 'ApplyFailed')).toHaveLength(4),
        waits,
      );
      expect(problem('over-kind')?.message).toMatch(/1048576/);
      expect(problem('over-annotation')?.message).toMatch(/262144/);
      for (const name of ['over-etcd', 'over-server']) expect(problem(name)?.message).toMatch(/too large|limit/i);
      expect(await exists(inShop('good'))).toBe(true);
      expectNeverHealthy(told);
      const before = applies();
      // One of them is made smaller, the others are taken out.
      await want([configMap('good', { now: '1' }), configMap('over-kind', { text: 'small' })]);
      await until({ sync: 'InSync', health: 'Healthy', objects: 2 });
      expect(before).toBeLessThan(10);
    });
  });

  it('are named where a bundle has them twice under two spellings of one name', async () => {
    await withAgent(async ({ want, until, told }) => {
      const role = (namespace: string): KubeObject => ({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'twice', ...(namespace === '' ? {} : { namespace }) },
        rules: [],
      });
      await want([configMap('good'), role(''), role('elsewhere')]);
      const status = await until({ sync: 'Failed', reason: 'DuplicateObject' });
      expect(status.message).toContain('rbac.authorization.k8s.io/ClusterRole//twice');
      expect(await exists(inShop('good'))).toBe(true);
      expectNeverHealthy(told);
    });
  });

  it('of an unknown kind are named, and applied as soon as somebody brings the kind', async () => {
    await withAgent(async ({ want, until, problem, told }) => {
      await want([configMap('good'), custom('Boat', 'ada')]);
      await until({ sync: 'Failed', reason: 'KindUnknown' });
      expect(problem('ada')?.message).toContain('example.dev/Boat');
      await vi.waitFor(async () => expect(await exists(inShop('good'))).toBe(true), waits);
      expectNeverHealthy(told);
      await plane.api.create(
        '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
        definition('Boat', 'Namespaced'),
      );
      await until({ sync: 'InSync', health: 'Healthy' });
      expect(await exists(`/apis/example.dev/v1/namespaces/${shop}/boats/ada`)).toBe(true);
    });
  });
});

describe('a webhook that does not answer', () => {
  const sockets = new Set<Socket>();
  let silent: Server;
  beforeAll(async () => {
    silent = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    await plane.api.create('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'silent' },
      webhooks: [
        {
          name: 'silent.example.dev',
          clientConfig: { url: `https://127.0.0.1:${port}/` },
          rules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
          ],
          objectSelector: { matchLabels: { judged: 'yes' } },
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          timeoutSeconds: 1,
        },
      ],
    });
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    silent?.close();
  });

  it('holds up nothing but what it judges, and that is applied when it is gone', async () => {
    await withAgent(async ({ want, until, told, problem }) => {
      const applies = counting('judged');
      await want([configMap('a'), configMap('judged', {}, { labels: { judged: 'yes' } }), configMap('z')]);
      await until({ sync: 'Failed', reason: 'ApiServerUnreachable' });
      expect(problem('judged')?.message).toContain('silent.example.dev');
      for (const name of ['a', 'z']) expect(await exists(inShop(name))).toBe(true);
      await vi.waitFor(() => expect(applies()).toBeGreaterThan(1), waits);
      expectNeverHealthy(told);
      await plane.api.delete('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/silent');
      await until({ sync: 'InSync', health: 'Healthy' });
      expect(applies()).toBeLessThan(40);
    });
  });
});

describe('a namespace that does not go', () => {
  it('is named with what holds it, neighbours go on, and it is used again once it is gone', async () => {
    await withAgent(async ({ want, until, told }) => {
      const stuck = `stuck-${count}`;
      await plane.api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: stuck } });
      // Nobody finishes namespaces on this control plane.
      await plane.api.delete(`/api/v1/namespaces/${stuck}`);
      const applies = counting('inside');
      const inside = configMap('inside', {}, { namespace: stuck });
      await want([configMap('good'), inside]);
      const status = await until({ sync: 'Failed', reason: 'ObjectTerminating' });
      expect(status.message).toContain(`of the namespace ${stuck}: it is being deleted`);
      expect(await exists(inShop('good'))).toBe(true);
      await vi.waitFor(() => expect(applies()).toBeGreaterThan(2), waits);
      expectNeverHealthy(told);
      const namespace = await plane.api.get(`/api/v1/namespaces/${stuck}`);
      await plane.api.request('PUT', `/api/v1/namespaces/${stuck}/finalize`, {
        body: { ...namespace, spec: { finalizers: [] } },
      });
      await plane.api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: stuck } });
      await until({ sync: 'InSync', health: 'Healthy' });
      expect(applies()).toBeLessThan(40);
    });
  });

  it('holds up a prune for a while only, and is named', async () => {
    await withAgent(async ({ hub, want, until }) => {
      const stuck: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: `pruned-${count}` } };
      await want([configMap('good'), configMap('leaves'), stuck]);
      await until({ sync: 'InSync' });
      const acknowledged = { [`/Namespace//pruned-${count}`]: '3'.repeat(40) as never };
      const objects = [configMap('good')];
      await hub.want({ applications: { [web]: { objects, namespace: shop, entry: { acknowledged } } } });
      const status = await until({ sync: 'OutOfSync', reason: 'ObjectTerminating' });
      expect(status.message).toContain(`/Namespace//pruned-${count}: it is being deleted`);
      expect(await exists(inShop('leaves'))).toBe(false);
      expect(await exists(inShop('good'))).toBe(true);
    });
  });
});

describe('an account that may not write one kind', () => {
  it('is named with verb and namespace, neighbours go on, and the object is applied once it may', async () => {
    const account = 'fairlead-web';
    const binding = (name: string, resources: string[]): KubeObject[] => [
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name },
        rules: [{ apiGroups: [''], resources, verbs: ['get', 'create', 'patch', 'delete'] }],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
        subjects: [{ kind: 'ServiceAccount', name: account, namespace: place.namespace }],
      },
    ];
    const bind = async (name: string, resources: string[]): Promise<void> => {
      for (const object of binding(name, resources))
        await plane.api.create(`/apis/rbac.authorization.k8s.io/v1/${object.kind.toLowerCase()}s`, object);
    };
    await plane.api.create(`/api/v1/namespaces/${place.namespace}/serviceaccounts`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: account },
    });
    await bind('writes-maps', ['configmaps']);
    await withAgent(async ({ want, until, told, problem }) => {
      const applies = counting('secret');
      const secret: KubeObject = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'secret' },
        data: { pin: 'NDcxMQ==' },
      };
      await want([configMap('good'), secret], { serviceAccount: account });
      await until({ sync: 'Failed', reason: 'Forbidden' });
      const message = problem('secret')?.message ?? '';
      for (const word of [account, 'patch', 'secrets', shop]) expect(message).toContain(word);
      expect(message).not.toContain('NDcxMQ');
      expect(await exists(inShop('good'))).toBe(true);
      expectNeverHealthy(told);
      await vi.waitFor(() => expect(applies()).toBeGreaterThan(2), waits);
      await bind('writes-secrets', ['secrets']);
      await until({ sync: 'InSync', health: 'Healthy' });
      expect(applies()).toBeLessThan(40);
    });
  });
});

describe('a server that answers every write badly for a minute', () => {
  const bad = [
    { what: '429', answer: { status: 429, headers: { 'retry-after': '1' } }, reason: 'RateLimited' },
    { what: '500', answer: { status: 500 }, reason: 'ApiServerUnreachable' },
  ];
  it.each(bad)('with $what: it is named, asked in bounds, and nothing is lost', async ({ answer, reason }) => {
    await withAgent(async ({ want, until, told }) => {
      await want([configMap('before')]);
      await until({ sync: 'InSync', health: 'Healthy' });
      const good = told.length;
      const clock = hurriedClock(20);
      const untilMs = clock.now() + 60_000;
      let refused = 0;
      place.proxy.hooks = {
        arrived({ method }) {
          if (method === 'GET' || clock.now() > untilMs) return 'Pass';
          refused += 1;
          return answer;
        },
      };
      const objects = Array.from({ length: 20 }, (_, n) => configMap(`c-${n}`));
      await want([configMap('before', { changed: '1' }), ...objects]);
      await until({ sync: 'Failed', reason: reason as ApplicationStatus['reason'] });
      const worst = told.slice(good);
      await until({ sync: 'InSync', health: 'Healthy', objects: 21 });
      expectNeverHealthy(worst);
      // With its own records among them: what cannot be written ahead is not begun.
      expect(refused).toBeGreaterThan(3);
      expect(refused).toBeLessThan(300);
      for (const { metadata } of objects) expect(await exists(inShop(metadata.name ?? ''))).toBe(true);
      expect((await plane.api.get(inShop('before'))).data).toEqual({ changed: '1' });
    });
  });

  it.each(bad)('with $what to applies alone: every object is tried in bounds', async ({ answer, reason }) => {
    await withAgent(async ({ want, until, told }) => {
      const clock = hurriedClock(20);
      const tries = new Map<string, number>();
      let untilMs = Number.POSITIVE_INFINITY;
      place.proxy.hooks = {
        arrived({ method, url: { pathname } }) {
          if (method !== 'PATCH' || !pathname.includes('/configmaps/') || clock.now() > untilMs) return 'Pass';
          tries.set(pathname, (tries.get(pathname) ?? 0) + 1);
          if (untilMs === Number.POSITIVE_INFINITY) untilMs = clock.now() + 60_000;
          return answer;
        },
      };
      const objects = Array.from({ length: 20 }, (_, n) => configMap(`c-${n}`));
      await want(objects);
      const status = await until({ sync: 'Failed', reason: reason as ApplicationStatus['reason'] });
      expect(status.problems[0]?.message).toContain('/ConfigMap/');
      const worst = [...told];
      await until({ sync: 'InSync', health: 'Healthy', objects: 20 });
      expectNeverHealthy(worst);
      expect(tries.size).toBe(20);
      for (const times of tries.values()) expect(times).toBeLessThan(60);
      for (const { metadata } of objects) expect(await exists(inShop(metadata.name ?? ''))).toBe(true);
    });
  });
});
