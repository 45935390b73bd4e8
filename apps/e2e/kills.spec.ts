import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry, LiveObject } from '@fairlead/testkit/kube';
import { configMap } from './documents.ts';
import { startKillRig, type Death, type KillRig, type Life } from './kills.ts';
import { entryText } from './observe.ts';

const boats = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'boats.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Boat', plural: 'boats', singular: 'boat', listKind: 'BoatList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties: { length: { type: 'integer' } } } },
          },
        },
      },
    ],
  },
};
const role = (verbs: readonly string[]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'shop-reader' },
  rules: [{ apiGroups: [''], resources: ['configmaps'], verbs }],
});
const boat = (length: number) => ({
  apiVersion: 'example.com/v1',
  kind: 'Boat',
  metadata: { name: 'ada' },
  spec: { length },
});
/** More than two batches of marks. */
const many = Array.from({ length: 1300 }, (_, n) => configMap(`many-${n}`, { n: String(n) }));
const versions = {
  one: [boats, role(['get']), boat(7), configMap('a', { a: '1' }), configMap('b', { b: '1' })],
  two: [boats, role(['get', 'list']), boat(8), configMap('a', { a: '1' }), configMap('c', { c: '1' })],
  many: [boats, ...many],
};
/** Definitions last: what they define goes first. */
const collections = [
  '/api/v1/namespaces/shop/configmaps',
  '/apis/example.com/v1/namespaces/shop/boats',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
];
let rig: KillRig;

beforeAll(async () => {
  rig = await startKillRig({ versions, collections });
});
afterAll(() => rig?.stop());

const deaths = (nth: number): Death[] => [
  { nth, when: 'unsent' },
  { nth, when: 'unanswered' },
];
const versionsOf = (objects: Map<string, LiveObject>): Map<string, string> =>
  new Map([...objects].map(([path, { metadata }]) => [path, `${metadata.uid} ${metadata.resourceVersion}`]));
const contentOf = (objects: Map<string, LiveObject>): object[] =>
  [...objects.values()].map(({ metadata: { name }, kind, data, spec, rules }) => ({ name, kind, data, spec, rules }));
const pathOf = ({ requestUri }: AuditEntry): string => requestUri.split('?', 1)[0] ?? '';

/** The next life after a death: it sends again what was not marked, moves none of it, and reaches the same end. */
async function comesBack(first: Life, end: object[]): Promise<void> {
  const before = versionsOf(await rig.objects());
  const atMs = Date.now();
  const second = await rig.live();
  expect(second.killed).toBe(false);
  const after = await rig.objects();
  expect(contentOf(after)).toEqual(end);
  const writes = await rig.writesFrom(atMs);
  const again = writes.filter((entry) => first.sent.has(pathOf(entry)));
  expect(again.filter((entry) => first.marked.has(pathOf(entry))).map(entryText)).toEqual([]);
  // Sent once more at most, and what had arrived did not move.
  expect(new Set(writes.map(pathOf)).size).toBe(writes.length);
  const arrived = [...before].filter(([path]) => first.sent.has(path));
  for (const [path, version] of arrived) expect(`${path} ${versionsOf(after).get(path)}`).toBe(`${path} ${version}`);
}

describe('an agent that is killed between any two writes', () => {
  it('of a first installation sends again only what was not marked, and moves nothing', async () => {
    await rig.aim('one');
    await rig.wipe();
    const { writes } = await rig.live();
    const end = contentOf(await rig.objects());
    expect(end).toHaveLength(5);
    expect(writes).toBeGreaterThanOrEqual(7);
    let kills = 0;
    for (let nth = 1; nth <= writes; nth += 1) {
      for (const death of deaths(nth)) {
        await rig.wipe();
        const first = await rig.live(death);
        if (first.killed) kills += 1;
        await comesBack(first, end);
      }
    }
    // How many marks go into one write is a matter of time: the last few deaths may come too late.
    expect(kills).toBeGreaterThanOrEqual(12);
    const { sent } = await rig.live();
    expect([...sent]).toEqual([]);
  });

  it('of a change that adds, changes and prunes does so too, back and forth', async () => {
    const ends = new Map<string, object[]>();
    let most = 0;
    for (const version of ['one', 'two', 'one', 'two']) {
      await rig.aim(version);
      most = Math.max(most, (await rig.live()).writes);
      ends.set(version, contentOf(await rig.objects()));
    }
    expect(most).toBeGreaterThanOrEqual(6);
    let version = 'one';
    for (let nth = 1; nth <= most; nth += 1) {
      for (const death of deaths(nth)) {
        await rig.aim(version);
        await comesBack(await rig.live(death), ends.get(version) ?? []);
        version = version === 'one' ? 'two' : 'one';
      }
    }
  });

  it('of thirteen hundred objects sends again at most the last batches', async () => {
    await rig.aim('many');
    await rig.wipe();
    await rig.live();
    const end = contentOf(await rig.objects());
    expect(end).toHaveLength(1301);
    for (const death of [
      { nth: 800, when: 'unsent' },
      { nth: 1200, when: 'unanswered' },
    ] as const) {
      await rig.wipe();
      const first = await rig.live(death);
      expect(first.killed).toBe(true);
      await comesBack(first, end);
      // Marks come in batches while it applies; how many had come is a matter of time.
      if (death.nth > 1000) expect(first.marked.size).toBeGreaterThan(200);
    }
  });
});
