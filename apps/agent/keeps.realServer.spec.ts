import type { ApplicationId, KubeObject } from '@fairlead/core/model';
import { readAudit, type AuditEntry, type ControlPlane } from '@fairlead/testkit/kube';
import { startSoleAgentPlace, type SoleAgentPlace, type SoleHub } from '@fairlead/testkit/soleAgent';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const web = 'web/shop' as ApplicationId;
const waits = { timeout: 20_000, interval: 10 };

let place: SoleAgentPlace;
let plane: ControlPlane;
let namespace: string;

beforeAll(async () => {
  place = await startSoleAgentPlace({ name: 'agent' });
  ({ plane, namespace } = place);
});
afterAll(async () => {
  await place?.stop();
});

const want = (hub: SoleHub, wanted: readonly KubeObject[]): Promise<void> =>
  hub.want({ applications: { [web]: { objects: wanted } } });

const labels = { app: 'web' };
const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: labels, ports: [{ port: 80 }] },
};
const deployment: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example/web:1' }] } },
  },
};
const settings: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data: { greeting: 'hello' },
};
const objects = [service, deployment, settings];

/** What the agent asked of the API server, watches and its own records aside. */
async function calls(): Promise<AuditEntry[]> {
  const entries = await readAudit(plane.auditLogPath);
  return entries.filter(
    (entry) =>
      entry.userAgent.startsWith('fairlead-agent') && entry.verb !== 'watch' && entry.stage === 'ResponseComplete',
  );
}

async function synced(hub: SoleHub): Promise<void> {
  await vi.waitFor(() => expect(hub.statuses.get(web)).toMatchObject({ sync: 'InSync' }), waits);
}

describe('an agent on a real API server, with the rights of its install manifest', () => {
  it('applies, keeps, reports, survives the hub, and leaves', async () => {
    const hub = place.hub();
    await place.withAgent(hub, async () => {
      await want(hub, objects);
      await synced(hub);
      const live = await plane.api.get('/apis/apps/v1/namespaces/shop/deployments/web');
      expect(live.metadata.managedFields[0]).toMatchObject({ manager: 'fairlead', operation: 'Apply' });
      expect(hub.statuses.get(web)).toMatchObject({ objects: 3, health: 'Progressing' });

      // One object changed: one write to it.
      const before = (await calls()).length;
      await want(hub, [service, deployment, { ...settings, data: { greeting: 'good morning' } }]);
      await vi.waitFor(
        async () =>
          expect((await plane.api.get('/api/v1/namespaces/shop/configmaps/settings')).data.greeting).toBe(
            'good morning',
          ),
        waits,
      );
      await synced(hub);
      const changes = (await calls()).slice(before);
      // Deliveries are written a second apart: the one of the change before may come only now.
      const beside = new Set(['secrets', 'deliveries']);
      expect(
        changes
          .filter(({ objectRef: object }) => !beside.has(object?.resource ?? ''))
          .map(({ verb, objectRef: object }) => `${verb} ${object?.resource}`),
      ).toEqual(['patch configmaps']);
      expect(changes.filter(({ objectRef: object }) => object?.resource === 'secrets').length).toBeLessThanOrEqual(3);

      // Deleted by hand.
      const deletedMs = performance.now();
      await plane.api.delete('/api/v1/namespaces/shop/services/web');
      await vi.waitFor(
        () => expect(hub.drifts.some(({ kind, outcome }) => kind === 'Deleted' && outcome === 'Corrected')).toBe(true),
        waits,
      );
      expect(performance.now() - deletedMs).toBeLessThan(5000);
      expect(hub.drifts.find(({ kind }) => kind === 'Deleted')?.tookMs).toBeLessThan(1000);

      // Edited by hand.
      await plane.api.merge('/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=kubectl-edit', {
        spec: { replicas: 5 },
      });
      await vi.waitFor(
        () =>
          expect(hub.drifts.find(({ pointer }) => pointer === '/spec/replicas')).toMatchObject({
            wanted: '2',
            found: '5',
            manager: 'kubectl-edit',
            operation: 'Update',
            outcome: 'Corrected',
          }),
        waits,
      );

      // Seen from inside.
      const delivery = `/apis/fairlead.dev/v1alpha1/namespaces/${namespace}/deliveries/web.shop`;
      await vi.waitFor(
        async () =>
          expect(await plane.api.get(delivery)).toMatchObject({
            spec: { application: web },
            status: { version: '1', objects: 3 },
          }),
        waits,
      );
      await vi.waitFor(async () => {
        const { items } = await plane.api.get('/apis/events.k8s.io/v1/namespaces/shop/events');
        expect(items.map(({ reason }: { reason: string }) => reason)).toContain('DriftCorrected');
      }, waits);
    });
  });

  it('starts from what lies in its cluster with the hub gone, sends nothing where nothing changed, and still corrects', async () => {
    const hub = place.hub();
    hub.down();
    const before = (await calls()).length;
    await place.withAgent(hub, async (agent) => {
      await vi.waitFor(() => expect(agent.status()).toMatchObject([{ application: web, sync: 'InSync' }]), waits);
      const managed = (await calls())
        .slice(before)
        .filter(({ objectRef: object, verb }) => object?.namespace === 'shop' && verb !== 'list');
      expect(managed).toEqual([]);
      await plane.api.delete('/api/v1/namespaces/shop/services/web');
      await vi.waitFor(
        async () => expect((await plane.api.get('/api/v1/namespaces/shop/services/web')).metadata.name).toBe('web'),
        waits,
      );
    });
  });

  it('takes an existing object over where nobody else stands, and releases it whole', async () => {
    const path = '/api/v1/namespaces/shop/configmaps/theirs';
    const theirs = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'theirs' }, data: { before: '1' } };
    await plane.api.create('/api/v1/namespaces/shop/configmaps?fieldManager=people', theirs);
    const hub = place.hub();
    await place.withAgent(hub, async () => {
      await want(hub, [...objects, { ...theirs, data: { after: '2' } }]);
      await vi.waitFor(
        async () => expect((await plane.api.get(path)).data).toEqual({ before: '1', after: '2' }),
        waits,
      );
      await synced(hub);
      await want(hub, objects);
      await vi.waitFor(async () => expect((await plane.api.get(path)).metadata.labels ?? {}).toEqual({}), waits);
      const released = await plane.api.get(path);
      expect(released.data).toEqual({ before: '1', after: '2' });
      expect(released.metadata.annotations ?? {}).toEqual({});
      expect(released.metadata.managedFields.map(({ manager }: { manager: string }) => manager)).toEqual(['people']);
    });
  });

  it('deletes what it made when the application leaves, and nothing else', async () => {
    const hub = place.hub();
    await place.withAgent(hub, async () => {
      await want(hub, objects);
      await want(hub, [...objects, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'second' }, data: {} }]);
      await synced(hub);
      await hub.want({ tombstones: [{ application: web }] });
      await vi.waitFor(async () => {
        expect(hub.statuses.get(web)).toBeUndefined();
        const left = await plane.api.get('/api/v1/namespaces/shop/configmaps');
        expect(left.items.map(({ metadata }: KubeObject) => metadata.name)).not.toContain('second');
      }, waits);
      expect((await plane.api.get('/api/v1/namespaces/shop')).metadata.name).toBe('shop');
      const secrets = await plane.api.get(`/api/v1/namespaces/${namespace}/secrets?labelSelector=fairlead.dev/state`);
      expect(secrets.items.map(({ metadata }: KubeObject) => metadata.name)).toEqual(['fairlead-desired']);
    });
  });
});
