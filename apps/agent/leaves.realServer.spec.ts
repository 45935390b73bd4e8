import type { ApplicationId, ApplicationStatus, CommitSha, KubeObject } from '@fairlead/core/model';
import type { ControlPlane } from '@fairlead/testkit/kube';
import {
  startSoleAgentPlace,
  type SoleAgentPlace,
  type SoleApplication,
  type SoleHub,
} from '@fairlead/testkit/soleAgent';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const first = 'web/first' as ApplicationId;
const second = 'web/second' as ApplicationId;
const stranger = 'shop/other' as ApplicationId;
const waits = { timeout: 30_000, interval: 20 };
const commit = '3'.repeat(40) as CommitSha;
const maps = '/api/v1/namespaces/shop/configmaps';
let place: SoleAgentPlace;
let plane: ControlPlane;
let hub: SoleHub;

beforeAll(async () => {
  // With controllers, so that namespaces end.
  place = await startSoleAgentPlace({ name: 'leaves', controllers: true });
  ({ plane } = place);
});
afterAll(async () => {
  await place?.stop();
});

const configMap = (name: string, data: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const namespace = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});
const want = (applications: Record<string, readonly KubeObject[] | SoleApplication>) =>
  hub.want({
    applications: Object.fromEntries(
      Object.entries(applications).map(([name, one]) => [name, 'objects' in one ? one : { objects: one }]),
    ),
  });
const until = (application: ApplicationId, fields: Partial<ApplicationStatus>) =>
  vi.waitFor(() => {
    expect(hub.statuses.get(application)).toMatchObject(fields);
    return hub.statuses.get(application) as ApplicationStatus;
  }, waits);
const get = (path: string) => plane.api.get(path);
const names = async (): Promise<string[]> =>
  (await get(maps)).items
    .map(({ metadata }: KubeObject) => metadata.name)
    .filter((name: string) => name !== 'kube-root-ca.crt');

async function withAgent(work: () => Promise<void>): Promise<void> {
  hub = place.hub();
  await place.withAgent(hub, work);
}

describe('what leaves an application on a real API server', () => {
  it('goes to another one of the team as it is', async () => {
    await withAgent(async () => {
      await want({ [first]: [configMap('stays'), configMap('moves', { a: '1' })], [second]: [configMap('other')] });
      for (const one of [first, second]) await until(one, { sync: 'InSync' });
      const before = await get(`${maps}/moves`);
      await want({ [first]: [configMap('stays')], [second]: [configMap('other'), configMap('moves', { b: '2' })] });
      await vi.waitFor(async () => expect((await get(`${maps}/moves`)).data).toEqual({ b: '2' }), waits);
      await until(second, { sync: 'InSync', objects: 2 });
      const after = await get(`${maps}/moves`);
      expect(after.metadata.uid).toBe(before.metadata.uid);
      expect(after.metadata.annotations['fairlead.dev/application']).toBe(second);
      // It is the other one's to delete now.
      await want({ [first]: [configMap('stays')], [second]: [configMap('other')] });
      await vi.waitFor(async () => expect(await names()).toEqual(['other', 'stays']), waits);
    });
  });

  it('of kind Namespace is shared, merged field by field, and deleted with the last by an acknowledgement', async () => {
    await withAgent(async () => {
      const both = (): Promise<KubeObject> => get('/api/v1/namespaces/both');
      const labels = async () => {
        const { 'kubernetes.io/metadata.name': _, ...rest } = (await both()).metadata.labels ?? {};
        return rest;
      };
      await want({
        [first]: [configMap('stays'), namespace('both', { a: '1' })],
        [second]: [configMap('other')],
        [stranger]: [namespace('both', { b: '2' })],
      });
      for (const one of [first, stranger]) await until(one, { sync: 'InSync' });
      expect(await labels()).toEqual({ 'fairlead.dev/application': 'shared', a: '1', b: '2' });

      await want({
        [first]: [configMap('stays'), namespace('both', { a: '1' })],
        [second]: [configMap('other')],
        [stranger]: [namespace('both', { a: 'other', b: '2' })],
      });
      expect((await until(stranger, { sync: 'Failed', reason: 'ObjectTaken' })).message).toContain('/Namespace//both');

      const acknowledged = { '/Namespace//both': commit };
      await want({
        [first]: { objects: [configMap('stays')], entry: { acknowledged } },
        [second]: [configMap('other')],
        [stranger]: [namespace('both', { b: '2' }), configMap('third')],
      });
      await vi.waitFor(
        async () => expect(await labels()).toEqual({ 'fairlead.dev/application': 'shared', b: '2' }),
        waits,
      );
      await until(stranger, { sync: 'InSync' });
      await want({ [first]: [configMap('stays')], [second]: [configMap('other')], [stranger]: [configMap('third')] });
      await until(stranger, { sync: 'OutOfSync', reason: 'ObjectProtected' });
      await want({
        [first]: [configMap('stays')],
        [second]: [configMap('other')],
        [stranger]: { objects: [configMap('third')], entry: { acknowledged } },
      });
      await until(stranger, { sync: 'InSync' });
      await vi.waitFor(async () => {
        const { items } = await get('/api/v1/namespaces');
        expect(items.map(({ metadata }: KubeObject) => metadata.name)).not.toContain('both');
      }, waits);
    });
  });

  it.each([
    ['a count', '2'],
    ['a share', '25%'],
  ])('stays beyond what the policy of the owner allows as %s, and goes within it', async (_what, pruneBudget) => {
    const path = `/api/v1/namespaces/${place.namespace}/configmaps/fairlead-policy`;
    await plane.api.apply(path, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'fairlead-policy', namespace: place.namespace },
      data: { pruneBudget },
    });
    await withAgent(async () => {
      const all = Array.from({ length: 8 }, (_, n) => configMap(`c-${n}`));
      const acknowledged = Object.fromEntries(all.map(({ metadata }) => [`/ConfigMap/shop/${metadata.name}`, commit]));
      const others = { [second]: [configMap('other')], [stranger]: [configMap('third')] };
      await want({ ...others, [first]: all });
      await vi.waitFor(async () => expect(await names()).toHaveLength(10), waits);
      await until(first, { sync: 'InSync', objects: 8 });
      await want({ ...others, [first]: { objects: all.slice(3), entry: { acknowledged } } });
      const status = await until(first, { sync: 'OutOfSync', reason: 'OwnerPolicyForbids' });
      expect(status.message).toContain(
        `3 of 8 objects would be deleted, and the policy of the cluster's owner allows ${pruneBudget}`,
      );
      expect(await names()).toHaveLength(10);
      await want({ ...others, [first]: { objects: all.slice(2), entry: { acknowledged } } });
      await vi.waitFor(async () => expect(await names()).toHaveLength(8), waits);
    });
  });
});
