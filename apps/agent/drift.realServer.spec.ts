import type { ApplicationId, DriftItem, KubeObject } from '@fairlead/core/model';
import { readAudit, type AuditEntry, type LiveObject } from '@fairlead/testkit/kube';
import { startSoleAgentPlace, type SoleAgentPlace, type SoleDesired, type SoleHub } from '@fairlead/testkit/soleAgent';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const [kept, told, free] = ['web/kept', 'web/told', 'web/free'] as ApplicationId[] as [
  ApplicationId,
  ApplicationId,
  ApplicationId,
];
const waits = { timeout: 20_000, interval: 10 };
const core = '/api/v1/namespaces/shop';
const apps = '/apis/apps/v1/namespaces/shop';
let place: SoleAgentPlace;
let hub: SoleHub;
let running: Promise<void>;
const over = Promise.withResolvers<void>();

const configMap = (name: string, data: Record<string, string> = { a: '1' }): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const secret: KubeObject = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login' },
  data: { password: btoa('hunter2') },
};
const deployment = (name: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            name: 'main',
            image: 'example/web:1',
            ports: [{ containerPort: 80 }],
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '2' },
            ],
            resources: { requests: { cpu: '1000m' } },
          },
        ],
      },
    },
  },
});
const desired = {
  applications: {
    [kept]: {
      objects: [configMap('kept'), configMap('fought'), secret, deployment('kept'), deployment('scaled')],
      ignore: [{ target: { kind: 'Deployment', name: 'scaled' }, pointers: ['/spec/replicas'] }],
    },
    [told]: { objects: [configMap('told')], sync: { drift: 'Report' } },
    [free]: { objects: [configMap('free')], sync: { drift: 'Off' } },
  },
} satisfies SoleDesired;

beforeAll(async () => {
  place = await startSoleAgentPlace({ name: 'drift' });
  hub = place.hub();
  running = place.withAgent(hub, () => over.promise);
  await hub.want(desired);
  await inSync(kept, told, free);
});
afterAll(async () => {
  over.resolve();
  await running;
  await place?.stop();
});

async function inSync(...applications: ApplicationId[]): Promise<void> {
  for (const application of applications)
    await vi.waitFor(() => expect(hub.statuses.get(application)).toMatchObject({ sync: 'InSync' }), waits);
}

/** The first drift told from now on that has these fields. */
function drift(fields: Partial<Omit<DriftItem, 'key'>> & { name: string }): Promise<DriftItem> {
  const { name, ...rest } = fields;
  const from = hub.drifts.length;
  return vi.waitFor(() => {
    const told = hub.drifts.slice(from).filter((item) => item.key.name === name);
    const found = told.find((item) => Object.entries(rest).every(([field, value]) => item[field as 'kind'] === value));
    expect(found ?? told).toMatchObject(rest);
    return found as DriftItem;
  }, waits);
}

const edit = (path: string, patch: object, manager = 'kubectl-edit'): Promise<LiveObject> =>
  place.plane.api.merge(`${path}?fieldManager=${manager}`, patch);
const get = (path: string): Promise<LiveObject> => place.plane.api.get(path);

/** What the agent wrote from a moment on, its own records and Events aside; in the order of the log. */
function writesFrom(atMs: number): Promise<AuditEntry[]> {
  return readAudit(place.plane.auditLogPath, {
    where: ({ userAgent, verb, objectRef, requestReceivedTimestamp }) =>
      userAgent.startsWith('fairlead-agent') &&
      ['create', 'update', 'patch', 'delete'].includes(verb) &&
      objectRef?.namespace === 'shop' &&
      objectRef.resource !== 'events' &&
      Date.parse(requestReceivedTimestamp) >= atMs,
  });
}

describe('drift on a real API server', () => {
  it('is put right where an object is deleted, and told with the time', async () => {
    const heard = drift({ name: 'kept', kind: 'Deleted', outcome: 'Corrected', pointer: '' });
    const beforeMs = Date.now();
    await place.plane.api.delete(`${core}/configmaps/kept`);
    expect((await heard).atMs).toBeGreaterThanOrEqual(beforeMs - 1000);
    expect((await get(`${core}/configmaps/kept`)).data).toEqual({ a: '1' });
  });

  it('is put right where a field is changed, and told with pointer, values, manager, operation and time', async () => {
    const heard = drift({ name: 'kept', pointer: '/spec/template/spec/containers/0/env/0/value', kind: 'Changed' });
    const containers = [{ name: 'main', env: [{ name: 'A', value: 'x' }] }];
    await place.plane.api.request('PATCH', `${apps}/deployments/kept?fieldManager=kubectl-edit`, {
      body: { spec: { template: { spec: { containers } } } },
      contentType: 'application/strategic-merge-patch+json',
    });
    expect(await heard).toMatchObject({
      wanted: '"1"',
      found: '"x"',
      manager: 'kubectl-edit',
      operation: 'Update',
      outcome: 'Corrected',
      atMs: expect.any(Number),
    });
    const live = await get(`${apps}/deployments/kept`);
    expect(live.spec.template.spec.containers[0].env[0]).toEqual({ name: 'A', value: '1' });
  });

  it('is put right where it is no longer said that the fields are ours, though each has its value', async () => {
    const heard = drift({ name: 'kept', pointer: '/data/a', kind: 'TakenOver', outcome: 'Corrected' });
    await edit(`${core}/configmaps/kept`, { metadata: { managedFields: [{}] } });
    await heard;
    const { metadata } = await get(`${core}/configmaps/kept`);
    expect(metadata.managedFields.map(({ manager }: LiveObject) => manager)).toContain('fairlead');
  });

  it('is put right where the tracking label is taken away', async () => {
    const heard = drift({ name: 'kept', kind: 'Unlabelled', outcome: 'Corrected' });
    await edit(`${core}/configmaps/kept`, { metadata: { labels: { 'fairlead.dev/application': null } } });
    await heard;
    const { metadata } = await get(`${core}/configmaps/kept`);
    expect(metadata.labels['fairlead.dev/application']).toMatch(/^[0-9a-f]{16}$/);
  });

  it('of a Secret never says its values, and puts them right', async () => {
    const heard = drift({ name: 'login', pointer: '/data/password', wanted: '"(masked)"', found: '"(masked)"' });
    await edit(`${core}/secrets/login`, { data: { password: btoa('sesame') } });
    await heard;
    expect(atob((await get(`${core}/secrets/login`)).data.password)).toBe('hunter2');
    for (const word of ['hunter2', 'sesame', btoa('hunter2'), btoa('sesame')])
      expect(JSON.stringify([hub.drifts, [...hub.statuses]])).not.toContain(word);
  });

  it('is none where the server defaulted, normalized or reordered, or another hand owns what is ignored', async () => {
    const [from, atMs] = [hub.drifts.length, Date.now()];
    const containers = [
      { name: 'main', resources: { requests: { cpu: 1 } }, ports: [{ containerPort: 80, name: 'web' }] },
    ];
    await place.plane.api.request('PATCH', `${apps}/deployments/kept?fieldManager=kubectl-edit`, {
      body: { spec: { template: { spec: { containers } } } },
      contentType: 'application/strategic-merge-patch+json',
    });
    await edit(`${apps}/deployments/scaled/scale`, { spec: { replicas: 7 } }, 'hpa');
    // Something that is drift, so that what came before it is known to be judged.
    const heard = drift({ name: 'scaled', pointer: '/metadata/labels', kind: 'Unlabelled' });
    await edit(`${apps}/deployments/scaled`, { metadata: { labels: null } });
    await heard;
    expect(new Set(hub.drifts.slice(from).map(({ pointer }) => pointer))).toEqual(new Set(['/metadata/labels']));
    expect((await get(`${apps}/deployments/scaled`)).spec.replicas).toBe(7);
    const writes = await writesFrom(atMs);
    expect(writes.filter(({ objectRef }) => objectRef?.name === 'kept')).toEqual([]);
  });

  it('is only told where the application says Report, once for each state, by a dry run', async () => {
    const atMs = Date.now();
    const heard = drift({
      name: 'told',
      pointer: '/data/a',
      found: '"x"',
      outcome: 'Reported',
      manager: 'kubectl-edit',
    });
    await edit(`${core}/configmaps/told`, { data: { a: 'x' } });
    await heard;
    await vi.waitFor(
      () => expect(hub.statuses.get(told)).toMatchObject({ sync: 'OutOfSync', drift: 'Present' }),
      waits,
    );
    const writes = await writesFrom(atMs);
    expect(writes.every(({ requestUri }) => requestUri.includes('dryRun=All'))).toBe(true);
    const gone = drift({ name: 'told', kind: 'Deleted', outcome: 'Reported' });
    await place.plane.api.delete(`${core}/configmaps/told`);
    await gone;
    await vi.waitFor(() => expect(hub.statuses.get(told)).toMatchObject({ health: 'Missing' }), waits);
  });

  it('is nobody’s concern where the application says Off', async () => {
    const [from, atMs] = [hub.drifts.length, Date.now()];
    await edit(`${core}/configmaps/free`, { data: { a: 'x' } });
    await place.plane.api.delete(`${core}/configmaps/free`);
    await vi.waitFor(() => expect(hub.statuses.get(free)).toMatchObject({ health: 'Missing' }), waits);
    expect(hub.drifts.slice(from).filter(({ key }) => key.name === 'free')).toEqual([]);
    expect((await writesFrom(atMs)).filter(({ objectRef }) => objectRef?.name === 'free')).toEqual([]);
  });

  it('is damped where another hand undoes every correction, and told as Fighting', async () => {
    let undone = 0;
    const damped = drift({ name: 'fought', outcome: 'Damped', manager: 'rival' });
    // The rival undoes what it sees: it is driven by what the agent tells, as by a watch.
    const undo = (): Promise<unknown> =>
      edit(`${core}/configmaps/fought`, { data: { a: `rival ${++undone}` } }, 'rival');
    for (let round = 0; round < 4; round += 1) {
      await vi.waitFor(async () => expect((await get(`${core}/configmaps/fought`)).data.a).toBe('1'), waits);
      await undo();
    }
    await damped;
    await vi.waitFor(
      () =>
        expect(hub.statuses.get(kept)).toMatchObject({ drift: 'Fighting', sync: 'OutOfSync', reason: 'DriftFighting' }),
      waits,
    );
    expect((await get(`${core}/configmaps/fought`)).data.a).toBe('rival 4');
    // Its neighbours are corrected as ever.
    const heard = drift({ name: 'login', kind: 'Deleted', outcome: 'Corrected' });
    await place.plane.api.delete(`${core}/secrets/login`);
    await heard;
  });

  it('is put right before the bulk that waits, whatever is under way', async () => {
    const bulk = Array.from({ length: 300 }, (_, n) => configMap(`bulk-${n}`));
    const [gate, held, atMs] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Date.now()];
    let arrived = 0;
    place.proxy.hooks = {
      // From the fiftieth on nothing of the bulk gets through: all its places are taken, and the rest waits behind them.
      async arrived({ method, url }): Promise<'Pass'> {
        if (method !== 'PATCH' || !url.pathname.includes('/bulk-')) return 'Pass';
        arrived += 1;
        if (arrived >= 50) {
          held.resolve();
          await gate.promise;
        }
        return 'Pass';
      },
    };
    await hub.want({ applications: { ...desired.applications, 'web/bulk': { objects: bulk } } });
    await held.promise;
    const heard = drift({ name: 'login', pointer: '/data/password', outcome: 'Corrected' });
    await edit(`${core}/secrets/login`, { data: { password: btoa('sesame') } });
    await heard;
    place.proxy.hooks = {};
    gate.resolve();
    await inSync('web/bulk' as ApplicationId);
    const order = (await writesFrom(atMs)).map(({ objectRef }) => objectRef?.name ?? '');
    const correction = order.indexOf('login');
    expect(order.filter((name) => name.startsWith('bulk-'))).toHaveLength(300);
    expect(order.slice(correction).filter((name) => name.startsWith('bulk-')).length).toBeGreaterThan(250);
  });
});
