import type { ApplicationId, CommitSha, Digest, KubeObject } from '@fairlead/core/model';
import { manualClock } from '@fairlead/ports/clock';
import { fakeCluster } from '@fairlead/ports/cluster';
import { describe, expect, it } from 'vitest';
import type { LoopStatus } from '../hub/reporter.ts';
import { silentLog } from '../log.ts';
import { createDeliveries } from './deliveries.ts';
import { createNarrator } from './events.ts';

const web = 'shop/web' as ApplicationId;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const key = { group: '', kind: 'ConfigMap', namespace: 'default', name: 'a' };
const digest = `sha256:${'2'.repeat(64)}` as Digest;

const status = (over: Partial<LoopStatus>): LoopStatus => ({
  application: web,
  release: digest,
  bundle: digest,
  attempt: '1'.repeat(40) as CommitSha,
  sync: 'InSync',
  health: 'Healthy',
  drift: 'None',
  reason: 'Applied',
  message: '',
  objects: 1,
  healthyObjects: 1,
  problems: [],
  ...over,
});

const definition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'deliveries.fairlead.dev' },
  spec: {
    group: 'fairlead.dev',
    scope: 'Namespaced',
    names: { kind: 'Delivery', plural: 'deliveries' },
    versions: [{ name: 'v1alpha1', served: true, storage: true, subresources: { status: {} } }],
  },
};

describe('Deliveries', () => {
  it('show the newest status, at most once a second, and go with the application', async () => {
    const clock = manualClock(1_000_000);
    const cluster = fakeCluster({ now: () => clock.now() });
    await cluster.create(definition, { identity: { as: 'self' } });
    const deliveries = createDeliveries({
      cluster,
      namespace: 'default',
      clock,
      log: silentLog,
      versionOf: () => '1.2.3',
    });
    const find = () =>
      cluster.find({ group: 'fairlead.dev', kind: 'Delivery', namespace: 'default', name: 'shop.web' });
    const settle = async (): Promise<void> => {
      for (let n = 0; n < 20; n += 1) await turn();
    };
    const second = async (): Promise<void> => {
      clock.advance(1000);
      await settle();
    };
    for (const objects of [1, 2, 3, 4]) deliveries.show(web, status({ objects }));
    await settle();
    // A status is not created with its object, and one write a second is made.
    expect(find()?.['spec']).toEqual({ application: web });
    expect(find()).not.toHaveProperty('status');
    await second();
    expect(find()?.['status']).toMatchObject({ version: '1.2.3', sync: 'InSync', objects: 4 });
    const writes = cluster.calls.length;
    await second();
    deliveries.show(web, status({ objects: 4 }));
    await settle();
    expect(cluster.calls).toHaveLength(writes);
    for (const objects of [5, 6]) deliveries.show(web, status({ objects }));
    await second();
    expect(cluster.calls).toHaveLength(writes + 1);
    expect(find()?.['status']).toMatchObject({ objects: 6 });
    deliveries.show(web, undefined);
    await second();
    expect(find()).toBeUndefined();
  });

  it('are written again after a failure, in growing pauses, and only the newest', async () => {
    const clock = manualClock(1_000_000);
    const cluster = fakeCluster({ now: () => clock.now() });
    await cluster.create(definition, { identity: { as: 'self' } });
    const deliveries = createDeliveries({ cluster, namespace: 'default', clock, log: silentLog, versionOf: () => '' });
    const triedAtMs: number[] = [];
    const heal = cluster.intercept(({ verb }) => {
      if (verb !== 'patch') return;
      triedAtMs.push(clock.now() - 1_000_000);
      throw new Error('the server is ill');
    });
    deliveries.show(web, status({ objects: 1 }));
    const pass = async (seconds: number): Promise<void> => {
      for (let nth = 0; nth < seconds; nth += 1) {
        for (let n = 0; n < 20; n += 1) await turn();
        clock.advance(1000);
      }
    };
    await pass(20);
    expect(triedAtMs).toEqual([0, 1000, 3000, 7000, 15_000]);
    heal();
    deliveries.show(web, status({ objects: 2 }));
    await pass(40);
    expect(cluster.objects({ group: 'fairlead.dev', kind: 'Delivery' })).toMatchObject([{ status: { objects: 2 } }]);
  });

  it('that are there already are not written again by the next agent, and those of nobody go', async () => {
    const clock = manualClock(1_000_000);
    const cluster = fakeCluster({ now: () => clock.now() });
    await cluster.create(definition, { identity: { as: 'self' } });
    const options = { cluster, namespace: 'default', clock, log: silentLog, versionOf: () => '1' };
    const gone = 'shop/gone' as ApplicationId;
    const first = createDeliveries(options);
    for (const application of [web, gone]) first.show(application, status({ application }));
    for (let n = 0; n < 60; n += 1) {
      await turn();
      clock.advance(100);
    }
    const next = createDeliveries(options);
    await next.tidy([web]);
    const names = () =>
      cluster.objects({ group: 'fairlead.dev', kind: 'Delivery' }).map(({ metadata }) => metadata.name);
    expect(names()).toEqual(['shop.web']);
    const calls = cluster.calls.length;
    next.show(web, status({}));
    for (let n = 0; n < 20; n += 1) await turn();
    expect(cluster.calls).toHaveLength(calls);
  });

  it('are left out, and said to be, where their definition is missing', async () => {
    const said: string[] = [];
    const clock = manualClock();
    const cluster = fakeCluster({ now: () => clock.now() });
    const log = { ...silentLog, info: (event: string) => void said.push(event) };
    const deliveries = createDeliveries({ cluster, namespace: 'default', clock, log, versionOf: () => '' });
    for (const objects of [1, 2]) {
      deliveries.show(web, status({ objects }));
      for (let n = 0; n < 20; n += 1) await turn();
      clock.advance(1000);
    }
    expect(said).toEqual(['deliveries.off']);
    expect(cluster.calls).toEqual([]);
  });
});

describe('Events', () => {
  it('tell of drift and of failures beside the object, within a bound, and each failure once', async () => {
    const clock = manualClock(Date.UTC(2026, 10, 1));
    const cluster = fakeCluster({ now: () => clock.now() });
    const narrator = createNarrator({ cluster, clock, log: silentLog, instance: 'c1', uidOf: () => 'uid-1' });
    narrator.drifted({
      application: web,
      key,
      kind: 'Changed',
      pointer: '/data/a',
      wanted: '"1"',
      found: '"2"',
      manager: 'kubectl-edit',
      outcome: 'Corrected',
    });
    for (let n = 0; n < 3; n += 1) narrator.failed(web, { key, reason: 'Forbidden', message: 'Cannot apply it' });
    for (let n = 0; n < 60; n += 1) {
      await turn();
      clock.advance(100);
    }
    const events = cluster.objects({ group: 'events.k8s.io', kind: 'Event' });
    expect(new Map(events.map(({ reason, type }) => [reason, type]))).toEqual(
      new Map([
        ['DriftCorrected', 'Normal'],
        ['Forbidden', 'Warning'],
      ]),
    );
    expect(events.find(({ reason }) => reason === 'DriftCorrected')).toMatchObject({
      regarding: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'a', uid: 'uid-1' },
      note: '/data/a was changed by manager kubectl-edit: wanted "1", found "2".',
    });
    for (let n = 0; n < 100; n += 1)
      narrator.drifted({
        application: web,
        key,
        kind: 'Deleted',
        pointer: '',
        wanted: '',
        found: '',
        outcome: 'Corrected',
      });
    for (let n = 0; n < 400; n += 1) {
      await turn();
      clock.advance(100);
    }
    expect(cluster.objects({ group: 'events.k8s.io', kind: 'Event' }).length).toBeLessThanOrEqual(2 + 21);
  });
});
