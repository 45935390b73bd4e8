import type { ApplicationId, ApplicationStatus, CommitSha, KubeObject } from '@fairlead/core/model';
import { readAudit, type ControlPlane } from '@fairlead/testkit/kube';
import {
  startSoleAgentPlace,
  type SoleAgentPlace,
  type SoleApplication,
  type SoleHub,
} from '@fairlead/testkit/soleAgent';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const waits = { timeout: 30_000, interval: 20 };
const commit = '3'.repeat(40) as CommitSha;
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
let place: SoleAgentPlace;
let plane: ControlPlane;
let hub: SoleHub;
/** Each test has an application of its own. */
let web: ApplicationId;
let count = 0;

beforeAll(async () => {
  place = await startSoleAgentPlace({ name: 'modes' });
  ({ plane } = place);
  await plane.api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
});
afterAll(async () => {
  await place?.stop();
});

const maps = '/api/v1/namespaces/shop/configmaps';
const deployments = '/apis/apps/v1/namespaces/shop/deployments';
const asks = (word: string, value: string) => ({ annotations: { [`fairlead.dev/${word}`]: value } });
const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});
const workload = (name: string, app: string, metadata: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, ...metadata },
  spec: {
    selector: { matchLabels: { app } },
    template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'main', image: 'example/web:1' }] } },
  },
});

async function withAgent(work: () => Promise<void>): Promise<void> {
  hub = place.hub();
  count += 1;
  web = `web/shop-${count}` as ApplicationId;
  await place.withAgent(hub, work);
}
const want = (objects: readonly KubeObject[], more: Partial<SoleApplication> = {}) =>
  hub.want({ applications: { [web]: { objects, ...more } } });
const until = (fields: Partial<ApplicationStatus>) =>
  vi.waitFor(() => {
    expect(hub.statuses.get(web)).toMatchObject(fields);
    return hub.statuses.get(web) as ApplicationStatus;
  }, waits);
const get = (path: string) => plane.api.get(path);
const isThere = async (path: string): Promise<boolean> =>
  get(path).then(
    () => true,
    () => false,
  );
/** Writes of the agent for applications, as `verb resource/name`, in the order in which the API server got them. */
async function writes(): Promise<string[]> {
  const entries = await readAudit(plane.auditLogPath);
  const verbs = new Set(['create', 'patch', 'update', 'delete']);
  return entries
    .filter(({ userAgent, verb, stage, objectRef: ref }) => {
      const isAgents = userAgent.startsWith('fairlead-agent') && stage === 'ResponseComplete';
      return isAgents && verbs.has(verb) && ref?.namespace !== place.namespace && ref?.resource !== 'events';
    })
    .map(({ verb, objectRef: ref }) => `${verb} ${ref?.resource}/${ref?.name ?? ''}`);
}

describe('the order of an apply on a real API server', () => {
  it('has definitions first, webhooks and aggregated APIs last, stages between, and leaves in reverse', async () => {
    const definition: KubeObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.example.dev', annotations: {} },
      spec: {
        group: 'example.dev',
        scope: 'Namespaced',
        names: { kind: 'Boat', plural: 'boats', singular: 'boat', listKind: 'BoatList' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    };
    const webhook: KubeObject = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'late' },
      webhooks: [],
    };
    const role: KubeObject = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'early' },
      rules: [],
    };
    const objects = [
      webhook,
      { apiVersion: 'example.dev/v1', kind: 'Boat', metadata: { name: 'ada' } },
      configMap('settings'),
      configMap('wave', {}, { annotations: { 'argocd.argoproj.io/sync-wave': '-1' } }),
      configMap('later', {}, asks('stage', '3')),
      role,
      definition,
    ];
    await withAgent(async () => {
      const before = (await writes()).length;
      await want(objects);
      await until({ sync: 'InSync' });
      const order = (await writes()).slice(before).map((write) => write.split('/').at(-1) ?? '');
      expect(order).toHaveLength(7);
      expect(new Set(order)).toEqual(
        new Set(['ada', 'boats.example.dev', 'early', 'late', 'later', 'settings', 'wave']),
      );
      const comes = (first: string, then: string) =>
        expect(order.indexOf(first), `${first} before ${then}`).toBeLessThan(order.indexOf(then));
      comes('boats.example.dev', 'wave');
      for (const name of ['early', 'settings', 'late', 'ada']) comes('wave', name);
      comes('early', 'settings');
      comes('settings', 'ada');
      comes('ada', 'late');
      for (const name of ['ada', 'late']) comes(name, 'later');

      const now = (await writes()).length;
      const acknowledged = { 'apiextensions.k8s.io/CustomResourceDefinition//boats.example.dev': commit };
      await hub.want({ tombstones: [{ application: web, acknowledged }] });
      await vi.waitFor(() => expect(hub.statuses.get(web)).toBeUndefined(), waits);
      expect((await writes()).slice(now).map((write) => write.split('/').at(-1))).toEqual([
        'later',
        'late',
        'ada',
        'settings',
        'early',
        'wave',
        'boats.example.dev',
      ]);
    });
  });
});

describe('an object that says how it is applied, on a real API server', () => {
  it('is only created, ignored, or orphaned', async () => {
    await plane.api.create(`${maps}?fieldManager=people`, configMap('theirs', { mine: '1' }));
    const theirs = await get(`${maps}/theirs`);
    await withAgent(async () => {
      const only = (name: string, data: Record<string, string>) => configMap(name, data, asks('apply', 'CreateOnly'));
      const orphan = configMap('orphan', { a: '1' }, asks('prune', 'Orphan'));
      const ignored = configMap('ignored', { a: '1' }, asks('apply', 'Ignore'));
      await want([configMap('kept'), only('theirs', { a: '1' }), only('once', { a: '1' }), orphan, ignored]);
      await until({ sync: 'InSync', health: 'Healthy', objects: 4 });
      expect(await get(`${maps}/theirs`)).toEqual(theirs);
      expect(await isThere(`${maps}/ignored`)).toBe(false);

      await plane.api.merge(`${maps}/once`, { data: { a: 'edited' } });
      await want([configMap('kept', { now: '2' }), only('once', { a: '2' })]);
      await vi.waitFor(async () => expect((await get(`${maps}/kept`)).data).toEqual({ now: '2' }), waits);
      await until({ sync: 'InSync', objects: 2 });
      expect((await get(`${maps}/once`)).data).toEqual({ a: 'edited' });
      const left = await get(`${maps}/orphan`);
      expect(left.data).toEqual({ a: '1' });
      expect(left.metadata.labels ?? {}).toEqual({});
      expect(await get(`${maps}/theirs`)).toEqual(theirs);
      await hub.want({ tombstones: [{ application: web }] });
      await vi.waitFor(() => expect(hub.statuses.get(web)).toBeUndefined(), waits);
    });
  });

  it('is made anew where the server says that a field cannot be changed, once its finalizers are done', async () => {
    await withAgent(async () => {
      const again = (app: string) => workload('again', app, asks('apply', 'Recreate'));
      await want([configMap('kept'), again('a')]);
      await until({ sync: 'InSync' });
      const first = (await get(`${deployments}/again`)).metadata.uid;
      await want([configMap('kept'), again('b')]);
      await vi.waitFor(
        async () => expect((await get(`${deployments}/again`)).spec.selector.matchLabels.app).toBe('b'),
        waits,
      );
      await until({ sync: 'InSync' });
      expect((await get(`${deployments}/again`)).metadata.uid).not.toBe(first);

      await plane.api.merge(`${deployments}/again`, { metadata: { finalizers: ['example.dev/backup'] } });
      await want([configMap('kept', { a: '2' }), again('c')]);
      const status = await until({ sync: 'Applying', reason: 'Recreating' });
      expect(status.message).toContain('example.dev/backup');
      expect((await get(`${maps}/kept`)).data).toEqual({ a: '2' });
      await plane.api.merge(`${deployments}/again`, { metadata: { finalizers: null } });
      await vi.waitFor(
        async () => expect((await get(`${deployments}/again`)).spec.selector.matchLabels.app).toBe('c'),
        waits,
      );
      await until({ sync: 'InSync' });
      expect(hub.drifts).toEqual([]);

      // Without that word it is refused, and stays.
      await want([configMap('kept'), workload('again', 'c')]);
      await until({ sync: 'InSync' });
      const { uid } = (await get(`${deployments}/again`)).metadata;
      await want([configMap('kept'), workload('again', 'd')]);
      expect((await until({ sync: 'Failed', reason: 'ApplyFailed' })).message).toContain('field is immutable');
      expect((await get(`${deployments}/again`)).metadata.uid).toBe(uid);
    });
  });

  it('of a protected kind is made anew by an acknowledgement only', async () => {
    await withAgent(async () => {
      const claim = (mode: string): KubeObject => ({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data', ...asks('apply', 'Recreate') },
        spec: { accessModes: [mode], storageClassName: 'waits', resources: { requests: { storage: '1Gi' } } },
      });
      await plane.api.create('/apis/storage.k8s.io/v1/storageclasses', {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: 'waits' },
        provisioner: 'example.dev/disk',
        volumeBindingMode: 'WaitForFirstConsumer',
      });
      await plane.api.create('/apis/storage.k8s.io/v1/storageclasses', {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name: 'at-once' },
        provisioner: 'example.dev/disk',
      });
      const claims = '/api/v1/namespaces/shop/persistentvolumeclaims';
      const atOnce: KubeObject = {
        ...claim('ReadWriteOnce'),
        metadata: { name: 'at-once' },
        spec: { ...(claim('ReadWriteOnce')['spec'] as object), storageClassName: 'at-once' },
      };
      await want([claim('ReadWriteOnce'), atOnce]);
      await until({ sync: 'InSync' });
      // Nobody binds claims here: the class alone tells which of them waits for its Pod.
      for (const name of ['data', 'at-once'])
        await plane.api.merge(`${claims}/${name}/status`, { status: { phase: 'Pending' } });
      const status = await vi.waitFor(() => {
        const found = hub.statuses.get(web);
        expect(found).toMatchObject({ health: 'Progressing', healthyObjects: 1 });
        return found;
      }, waits);
      expect(status?.problems).toMatchObject([{ key: { name: 'at-once' } }]);

      await want([claim('ReadWriteMany'), atOnce]);
      expect((await until({ sync: 'Failed', reason: 'ObjectProtected' })).message).toContain(
        '/PersistentVolumeClaim/shop/data',
      );
      expect((await get(`${claims}/data`)).spec.accessModes).toEqual(['ReadWriteOnce']);
      const acknowledged = { '/PersistentVolumeClaim/shop/data': commit };
      await want([claim('ReadWriteMany'), atOnce], { entry: { acknowledged } });
      // The server's own finalizer holds a claim, and nobody here takes it off.
      expect((await until({ sync: 'Applying', reason: 'Recreating' })).message).toContain(
        'kubernetes.io/pvc-protection',
      );
      await plane.api.merge(`${claims}/data`, { metadata: { finalizers: null } });
      await vi.waitFor(
        async () => expect((await get(`${claims}/data`)).spec.accessModes).toEqual(['ReadWriteMany']),
        waits,
      );
    });
  });

  it('runs once, and a stage waits for it', async () => {
    const jobs = '/apis/batch/v1/namespaces/shop/jobs';
    const job = (image: string): KubeObject => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate', annotations: { 'fairlead.dev/run': 'once', 'fairlead.dev/stage': '-1' } },
      spec: { template: { spec: { containers: [{ name: 'main', image }], restartPolicy: 'Never' } } },
    });
    const complete = async (): Promise<void> => {
      const at = new Date().toISOString().replace(/\.\d+/, '');
      const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: at });
      await plane.api.merge(`${jobs}/migrate/status`, {
        status: {
          startTime: at,
          completionTime: at,
          succeeded: 1,
          conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
        },
      });
    };
    await withAgent(async () => {
      await want([job('v1'), configMap('after', { a: '1' })]);
      await until({ sync: 'Applying', reason: 'StageWaits' });
      expect(await isThere(`${maps}/after`)).toBe(false);
      await complete();
      await until({ sync: 'InSync', health: 'Healthy' });
      await plane.api.delete(`${jobs}/migrate`);
      await want([job('v1'), configMap('after', { a: '2' })]);
      await vi.waitFor(async () => expect((await get(`${maps}/after`)).data).toEqual({ a: '2' }), waits);
      expect(await isThere(`${jobs}/migrate`)).toBe(false);
      await want([job('v2'), configMap('after', { a: '3' })]);
      await vi.waitFor(
        async () => expect((await get(`${jobs}/migrate`)).spec.template.spec.containers[0].image).toBe('v2'),
        waits,
      );
      await complete();
      await vi.waitFor(async () => expect((await get(`${maps}/after`)).data).toEqual({ a: '3' }), waits);
      await want([job('v3'), configMap('after', { a: '4' })]);
      await vi.waitFor(
        async () => expect((await get(`${jobs}/migrate`)).spec.template.spec.containers[0].image).toBe('v3'),
        waits,
      );
      expect((await get(`${maps}/after`)).data).toEqual({ a: '3' });
      await hub.want({ tombstones: [{ application: web }] });
    });
  });
});

describe('an object that kubectl applied, on a real API server', () => {
  /** What `kubectl apply` sends and leaves behind. */
  const applied = (name: string, data: Record<string, string>): object => {
    const object = configMap(name, data);
    const annotations = {
      [lastApplied]: JSON.stringify({ ...object, metadata: { name, namespace: 'shop', annotations: {} } }),
    };
    return { ...object, metadata: { name, annotations } };
  };

  it('loses what git no longer names, and keeps what another hand set', async () => {
    await plane.api.create(
      `${maps}?fieldManager=kubectl-client-side-apply`,
      applied('applied', { kept: '1', gone: '1' }),
    );
    await plane.api.merge(`${maps}/applied?fieldManager=people`, { data: { edited: 'x' } });
    // As it is after an upgrade from a server that kept no track, and whoever applied on the server's side since.
    await plane.api.create(`${maps}?fieldManager=old`, applied('untracked', { kept: '1', gone: '1' }));
    await plane.api.merge(`${maps}/untracked`, { data: { other: 'x' }, metadata: { managedFields: [{}] } });
    await withAgent(async () => {
      await want([configMap('applied', { kept: '2' }), configMap('untracked', { kept: '2' })]);
      await until({ sync: 'InSync' });
      const found = await get(`${maps}/applied`);
      expect(found.data).toEqual({ kept: '2', edited: 'x' });
      expect(found.metadata.annotations).not.toHaveProperty([lastApplied]);
      expect(found.metadata.managedFields.map(({ manager }: { manager: string }) => manager).toSorted()).toEqual([
        'fairlead',
        'people',
      ]);
      const untracked = await get(`${maps}/untracked`);
      expect(untracked.data).toEqual({ kept: '2', other: 'x' });
      expect(untracked.metadata.annotations).not.toHaveProperty([lastApplied]);
      await hub.want({ tombstones: [{ application: web }] });
      await vi.waitFor(() => expect(hub.statuses.get(web)).toBeUndefined(), waits);
      expect((await get(`${maps}/applied`)).data).toEqual({ kept: '2', edited: 'x' });
    });
  });

  it('is refused where the application takes nothing over', async () => {
    await plane.api.create(`${maps}?fieldManager=kubectl-client-side-apply`, applied('refused', { a: '1' }));
    const before = await get(`${maps}/refused`);
    await withAgent(async () => {
      await want([configMap('refused', { a: '2' }), configMap('beside')], { sync: { adopt: 'Refuse' } });
      await until({ sync: 'Failed', reason: 'ObjectTaken' });
      expect(await get(`${maps}/refused`)).toEqual(before);
      expect(await isThere(`${maps}/beside`)).toBe(true);
    });
  });
});
