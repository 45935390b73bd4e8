import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromKubeconfig, type ClusterConnection } from '@fairlead/adapters/kube';
import { buildBundle, desiredRoot, headBytes } from '@fairlead/core/bundle';
import { agentInstallManifest, installedKeys } from '@fairlead/core/install';
import type {
  AgentMessage,
  ApplicationId,
  ApplicationStatus,
  ClusterName,
  CommitSha,
  DesiredEntry,
  Digest,
  DriftItem,
  HubMessage,
  KubeObject,
} from '@fairlead/core/model';
import { systemClock } from '@fairlead/ports/clock';
import type { HubLink } from '@fairlead/ports/transport';
import { silentLog, startAgent, type Agent } from '@fairlead/shell/agent';
import { readAudit, startControlPlane, type AuditEntry, type ControlPlane } from '@fairlead/testkit/kube';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const namespace = 'fairlead-system';
const name = 'real' as ClusterName;
const web = 'web/shop' as ApplicationId;
const caPem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const commit = '1'.repeat(40) as CommitSha;
const release = `sha256:${'2'.repeat(64)}` as Digest;
const waits = { timeout: 20_000, interval: 10 };

let plane: ControlPlane;
let folder: string;
let generation = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-agent-'));
  plane = await startControlPlane({ name: 'agent' });
  const { api } = await fromKubeconfig(plane.kubeconfigPath);
  for (const object of agentInstallManifest({
    clusterName: name,
    namespace,
    hub: 'hub.example:443',
    caPem,
    joinToken: 'x',
    image: 'i',
    profile: 'cluster-admin',
  })) {
    await api.apply(object, { fieldManager: 'owner', force: true, identity: { as: 'self' } });
  }
  api.close();
  const token = await plane.serviceAccountToken(namespace, 'fairlead-agent');
  await plane.writeKubeconfig(join(folder, 'kubeconfig'), { token });
});
afterAll(async () => {
  await plane.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A hub of one function: it gives what it is told to give, and keeps what it hears. */
function scriptedHub() {
  const texts = new Map<Digest, Uint8Array>();
  const statuses = new Map<string, ApplicationStatus>();
  const drifts: DriftItem[] = [];
  const wants: Digest[] = [];
  let desired: HubMessage | undefined;
  let deliver: ((message: HubMessage) => Promise<void>) | undefined;
  let isUp = true;
  const answer = async (message: AgentMessage): Promise<void> => {
    if (message.type === 'Hello') {
      await deliver?.({ type: 'Settings', session: 1, heartbeatMs: 0 });
      if (desired) await deliver?.(desired);
    } else if (message.type === 'Want') {
      wants.push(...message.digests);
      const blobs = message.digests.map((digest) => ({
        digest,
        part: 0,
        parts: 1,
        data: texts.get(digest) ?? new Uint8Array(),
      }));
      await deliver?.({ type: 'Objects', blobs, missing: [] });
    } else if (message.type === 'StatusDelta') {
      for (const status of message.changed) statuses.set(status.application, status);
      for (const gone of message.removed) statuses.delete(gone);
    } else if (message.type === 'DriftReport') drifts.push(...message.items);
  };
  const link: HubLink = {
    async connect(handler) {
      if (!isUp) throw new Error('the hub is down');
      deliver = handler;
      const closed = Promise.withResolvers<string>();
      return {
        send: (message) => Promise.resolve(void answer(message)),
        closed: closed.promise,
        close: () => closed.resolve('closed'),
      };
    },
  };
  return {
    link,
    statuses,
    drifts,
    wants,
    down: () => (isUp = false),
    async want(objects: readonly KubeObject[] | undefined): Promise<void> {
      generation += 1;
      const entries: DesiredEntry[] = [];
      if (objects) {
        const bundle = buildBundle({
          application: web,
          namespace: 'shop',
          serviceAccount: 'fairlead-applier',
          sync: { prune: true, drift: 'Correct', conflicts: 'Override', adopt: 'Release' },
          ignore: [],
          health: [],
          objects,
        });
        texts.set(bundle.digest, bundle.indexBytes);
        for (const [digest, bytes] of bundle.blobs) texts.set(digest, bytes);
        entries.push({
          application: web,
          environment: 'dev',
          release,
          version: '1',
          bundle: bundle.digest,
          attempt: commit,
          team: { namespaces: [], allowKinds: [], denyKinds: [] },
          acknowledged: {},
        });
      }
      const tombstones = objects ? [] : [{ application: web, commit, acknowledged: {} }];
      const position = { epoch: 1, generation };
      const head = {
        bytes: headBytes({ cluster: name, position, root: desiredRoot({ entries, tombstones }) }),
        signature: new Uint8Array(),
        keyId: 'k',
      };
      desired = { type: 'Desired', head, entries, tombstones, removed: [] };
      await deliver?.(desired);
    },
  };
}

async function withAgent(
  hub: ReturnType<typeof scriptedHub>,
  work: (agent: Agent, api: ClusterConnection) => Promise<void>,
): Promise<void> {
  const { api } = await fromKubeconfig(join(folder, 'kubeconfig'), { userAgent: 'fairlead-agent' });
  const credentials = {
    certificatePem: '',
    notAfterMs: Date.now() + 86_400_000,
    caPem,
    verifyingKeys: [],
    gatewayAddress: '',
  };
  const agent = await startAgent({
    name,
    namespace,
    version: '0.0.0',
    cluster: api,
    clock: systemClock,
    random: () => 0.1,
    log: process.env['AGENT_LOG'] ? { info: console.log, warn: console.log, error: console.log } : silentLog,
    holder: randomUUID(),
    calls: {
      enroll: () => Promise.resolve({ cluster: name, credentials }),
      renew: () => Promise.resolve({ credentials }),
    },
    pki: { newKey: () => Promise.resolve('key'), csr: () => Promise.resolve('csr'), extendTrust: (known) => known },
    token: () => Promise.resolve('token'),
    link: () => hub.link,
    verify: () => true,
    installed: installedKeys(namespace),
  });
  try {
    await work(agent, api);
  } finally {
    await agent.stop();
    api.close();
  }
}

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

async function synced(hub: ReturnType<typeof scriptedHub>): Promise<void> {
  await vi.waitFor(() => expect(hub.statuses.get(web)).toMatchObject({ sync: 'InSync' }), waits);
}

describe('an agent on a real API server, with the rights of its install manifest', () => {
  it('applies, keeps, reports, survives the hub, and leaves', async () => {
    const hub = scriptedHub();
    await withAgent(hub, async () => {
      await hub.want(objects);
      await synced(hub);
      const live = await plane.api.get('/apis/apps/v1/namespaces/shop/deployments/web');
      expect(live.metadata.managedFields[0]).toMatchObject({ manager: 'fairlead', operation: 'Apply' });
      expect(hub.statuses.get(web)).toMatchObject({ objects: 3, health: 'Progressing' });

      // One object changed: one write to it.
      const before = (await calls()).length;
      await hub.want([service, deployment, { ...settings, data: { greeting: 'good morning' } }]);
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
    const hub = scriptedHub();
    hub.down();
    const before = (await calls()).length;
    await withAgent(hub, async (agent) => {
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
    const hub = scriptedHub();
    await withAgent(hub, async () => {
      await hub.want([...objects, { ...theirs, data: { after: '2' } }]);
      await vi.waitFor(
        async () => expect((await plane.api.get(path)).data).toEqual({ before: '1', after: '2' }),
        waits,
      );
      await synced(hub);
      await hub.want(objects);
      await vi.waitFor(async () => expect((await plane.api.get(path)).metadata.labels ?? {}).toEqual({}), waits);
      const released = await plane.api.get(path);
      expect(released.data).toEqual({ before: '1', after: '2' });
      expect(released.metadata.annotations ?? {}).toEqual({});
      expect(released.metadata.managedFields.map(({ manager }: { manager: string }) => manager)).toEqual(['people']);
    });
  });

  it('deletes what it made when the application leaves, and nothing else', async () => {
    const hub = scriptedHub();
    await withAgent(hub, async () => {
      await hub.want(objects);
      await hub.want([...objects, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'second' }, data: {} }]);
      await synced(hub);
      await hub.want(undefined);
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
