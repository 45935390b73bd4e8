import { buildBundle } from '@fairlead/core/bundle';
import {
  keyOf,
  planAnswer,
  treeAnswer,
  eventsAnswer,
  objectAnswer,
  type ApplicationId,
  type Digest,
  type KubeObject,
  type ObjectKey,
} from '@fairlead/core/model';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Answers } from '../hub/session.ts';
import { configMap, deployment, key, rigUp, type Rig } from '../rig/rig.harness.ts';
import { defaultPolicy } from '../policy.ts';
import { createAnswers } from './answers.ts';

const web = 'web/shop' as ApplicationId;
const self = { identity: { as: 'self' } } as const;
const password = 'c3VwZXItc2VjcmV0';
const secret = (value: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login' },
  data: { password: value },
});

let rig: Rig;
let answers: Answers;
let forbidden: (kind: string) => boolean = () => false;

beforeEach(async () => {
  forbidden = () => false;
  rig = await rigUp({ mayDo: ({ key: { kind }, identity }) => identity.as !== 'self' || !forbidden(kind) });
  answers = createAnswers(rig);
});

/** The application as it runs in most tests. */
async function run(objects: readonly KubeObject[]): Promise<void> {
  await rig.want({ applications: { [web]: { objects } } });
  await rig.until(web, { sync: 'InSync' });
  await rig.quiet();
}

async function owned(kind: string, name: string, owner: ObjectKey): Promise<ObjectKey> {
  const found = rig.api.find(owner);
  if (!found) throw new Error(`there is no ${owner.name}`);
  const { uid = '' } = found.metadata;
  const ownerReferences = [{ apiVersion: found.apiVersion, kind: found.kind, name: owner.name, uid, controller: true }];
  const apiVersion = kind === 'Pod' ? 'v1' : 'apps/v1';
  const object = { apiVersion, kind, metadata: { name, namespace: 'shop', ownerReferences }, spec: {} };
  return keyOf(await rig.api.create(object, self));
}

const ask = (kind: 'Tree' | 'Object' | 'Diff' | 'Events', about?: ObjectKey) =>
  answers.query({ type: 'Query', id: 'q', kind, application: web, ...(about && { key: about }) });

/** A plan of a bundle that the agent does not have, as a hub would give it. */
function planOf(objects: readonly KubeObject[], options: { application?: string } = {}) {
  const bundle = buildBundle({
    application: web,
    namespace: 'shop',
    serviceAccount: 'fairlead-web',
    ignore: [],
    health: [],
    sync: { prune: true, drift: 'Correct', conflicts: 'Override', adopt: 'Release' },
    objects,
  });
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const all = new Map<Digest, string>([[bundle.digest, text(bundle.indexBytes)]]);
  for (const [digest, bytes] of bundle.blobs) all.set(digest, text(bytes));
  const asked: Digest[] = [];
  const fetch = async (digests: readonly Digest[]) => {
    asked.push(...digests);
    return new Map(digests.map((digest) => [digest, all.get(digest) ?? '']));
  };
  const { application = web } = options;
  const answer = answers
    .plan({ type: 'PlanRequest', id: 'p', application, bundle: bundle.digest }, fetch)
    .then((json) => planAnswer.parse(JSON.parse(json)));
  return { answer, asked };
}

describe('a tree', () => {
  test('holds what the application brought, and what that owns, with standing and health', async () => {
    await run([deployment('web'), configMap('settings')]);
    const set = await owned('ReplicaSet', 'web-1', key('Deployment', 'web', { group: 'apps' }));
    await owned('Pod', 'web-1-a', set);
    await owned('Pod', 'stranger', key('ConfigMap', 'settings'));
    const { objects, notes } = treeAnswer.parse(JSON.parse(await ask('Tree')));
    expect(objects.map(({ object, depth }) => [object, depth])).toEqual([
      ['/ConfigMap/shop/settings', 0],
      ['/Pod/shop/stranger', 1],
      ['apps/Deployment/shop/web', 0],
      ['apps/ReplicaSet/shop/web-1', 1],
      ['/Pod/shop/web-1-a', 2],
    ]);
    expect(objects[0]).toMatchObject({ standing: 'AsApplied', health: 'Healthy' });
    expect(objects[4]).toMatchObject({ owner: 'apps/ReplicaSet/shop/web-1', health: expect.any(String) as string });
    expect(notes).toEqual([]);
  });

  test('is read as the agent, and where that may not read as the application', async () => {
    await run([deployment('web')]);
    await owned('ReplicaSet', 'web-1', key('Deployment', 'web', { group: 'apps' }));
    forbidden = (kind) => kind === 'ReplicaSet';
    const before = rig.api.calls.length;
    const { objects } = treeAnswer.parse(JSON.parse(await ask('Tree')));
    expect(objects).toHaveLength(2);
    const lists = rig.api.calls.slice(before).filter((call) => call.verb === 'list' && call.key.kind === 'ReplicaSet');
    expect(lists.map(({ identity }) => identity)).toEqual([
      { as: 'self' },
      { as: 'serviceAccount', namespace: 'fairlead', name: 'fairlead-web' },
    ]);
  });

  test("does not hold what the policy of the cluster's owner hides", async () => {
    await run([deployment('web')]);
    const set = await owned('ReplicaSet', 'web-1', key('Deployment', 'web', { group: 'apps' }));
    await owned('Pod', 'web-1-a', set);
    rig.policy = { ...defaultPolicy, denyKinds: ['Pod'] };
    const { objects, notes } = treeAnswer.parse(JSON.parse(await ask('Tree')));
    expect(objects.map(({ object }) => object)).toEqual(['apps/Deployment/shop/web', 'apps/ReplicaSet/shop/web-1']);
    expect(notes).toEqual([expect.stringContaining("the policy of the cluster's owner")]);
    await expect(ask('Object', key('Pod', 'web-1-a'))).rejects.toMatchObject({ reason: 'OwnerPolicyForbids' });
  });

  test('of an application that is not here is an error that says so', async () => {
    const query = { type: 'Query', id: 'q', kind: 'Tree', application: 'web/other' } as const;
    await expect(answers.query(query)).rejects.toMatchObject({ code: 'NotFound' });
  });
});

describe('an object', () => {
  test('of the application, or owned by it, is shown live; no other', async () => {
    await run([deployment('web')]);
    const pod = await owned('Pod', 'p', key('Deployment', 'web', { group: 'apps' }));
    const shown = objectAnswer.parse(JSON.parse(await ask('Object', pod)));
    expect(shown).toMatchObject({ object: '/Pod/shop/p', live: { kind: 'Pod', metadata: { name: 'p' } } });
    await rig.api.create({ ...configMap('strange'), metadata: { name: 'strange', namespace: 'shop' } }, self);
    await expect(ask('Object', key('ConfigMap', 'strange'))).rejects.toMatchObject({ code: 'NotFound' });
  });

  test('of kind Secret keeps its values to itself, in live, wanted, differences and what kubectl remembers', async () => {
    await run([secret(password)]);
    rig.policy = { ...defaultPolicy };
    const login = key('Secret', 'login');
    const other = 'b3RoZXItc2VjcmV0';
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    const touched = rig.api.intercept((call) => {
      if (call.verb === 'apply' && !call.dryRun) throw new Error('held by the test');
    });
    rig.api.edit(login, (object) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { [annotation]: JSON.stringify({ data: { password: other } }) } },
      data: { password: other },
    }));
    const texts = [await ask('Object', login), await ask('Diff', login), await ask('Diff')];
    touched();
    for (const text of texts) for (const word of [password, other]) expect(text).not.toContain(word);
    const diff = planAnswer.parse(JSON.parse(texts[1] ?? ''));
    expect(diff.objects).toMatchObject([
      { action: 'Change', live: { data: { password: '(masked)' } }, wanted: { data: { password: '(masked)' } } },
    ]);
    const fields = diff.objects[0]?.fields ?? [];
    expect(fields).toContainEqual({ pointer: '/data/password', wanted: '"(masked)"', found: '"(masked)"' });
  });
});

describe('a plan', () => {
  test('names what would be created, changed, refused and deleted, and writes nothing', async () => {
    await run([configMap('same'), configMap('changes', { a: '1' }), configMap('goes')]);
    rig.policy = { ...defaultPolicy, denyKinds: ['Role'] };
    const writes = rig.writes().length;
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'r' }, rules: [] };
    const unknown = { apiVersion: 'example.com/v1', kind: 'Boat', metadata: { name: 'b' } };
    const objects = [configMap('same'), configMap('changes', { a: '2', b: '3' }), configMap('new'), role, unknown];
    const { answer, asked } = planOf(objects);
    const plan = await answer;
    expect(plan.counts).toEqual({ create: 1, change: 1, unchanged: 1, refused: 2, leave: 1 });
    expect(plan.objects.map(({ object, action, reason }) => [object, action, reason])).toEqual([
      ['/ConfigMap/shop/changes', 'Change', undefined],
      ['/ConfigMap/shop/new', 'Create', undefined],
      ['example.com/Boat//b', 'Refused', 'KindUnknown'],
      ['rbac.authorization.k8s.io/Role/shop/r', 'Refused', 'OwnerPolicyForbids'],
    ]);
    expect(plan.objects[0]?.fields).toEqual([
      { pointer: '/data/a', wanted: '"2"', found: '"1"' },
      { pointer: '/data/b', wanted: '"3"', found: '' },
    ]);
    expect(plan.leaves).toEqual([{ object: '/ConfigMap/shop/goes', action: 'Delete' }]);
    // What the agent runs already was not fetched again.
    expect(asked).toHaveLength(1 + objects.length - 1);
    expect(rig.writes()).toHaveLength(writes);
    const dry = rig.api.calls.filter(({ dryRun }) => dryRun);
    expect(new Set(dry.map(({ identity }) => JSON.stringify(identity)))).toEqual(
      new Set([JSON.stringify({ as: 'serviceAccount', namespace: 'fairlead', name: 'fairlead-web' })]),
    );
  });

  test('has the digest of what would change: equal for equal, and another for another', async () => {
    await run([configMap('a')]);
    const [one, two, three, none] = [
      await planOf([configMap('a', { a: '2' })]).answer,
      await planOf([configMap('a', { a: '2' })]).answer,
      await planOf([configMap('a', { a: '3' })]).answer,
      await planOf([configMap('a')]).answer,
    ];
    expect(one.digest).toBe(two.digest);
    expect(new Set([one.digest, three.digest, none.digest]).size).toBe(3);
    expect(none).toMatchObject({ counts: { unchanged: 1 }, objects: [], leaves: [] });
  });

  test('takes what waits for its definition or its namespace as new', async () => {
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Boat', plural: 'boats' },
        versions: [{ name: 'v1', served: true, storage: true }],
      },
    };
    const boat = { apiVersion: 'example.com/v1', kind: 'Boat', metadata: { name: 'b' } };
    const plan = await planOf([definition, boat, configMap('first')]).answer;
    expect(plan.objects.map(({ action, object }) => [action, object])).toEqual([
      ['Create', '/ConfigMap/shop/first'],
      ['Create', 'apiextensions.k8s.io/CustomResourceDefinition//boats.example.com'],
      ['Create', 'example.com/Boat/shop/b'],
    ]);
  });

  test('is cut where it would be too long, tells so, and counts all the same', async () => {
    const many = Array.from({ length: 1500 }, (_, nth) =>
      configMap(`${String(nth).padStart(4, '0')}-${'x'.repeat(200)}`),
    );
    const { answer } = planOf(many);
    const plan = await answer;
    expect(plan.counts.create).toBe(1500);
    expect(plan.objects.length).toBeLessThan(1500);
    expect(plan.notes).toEqual([expect.stringMatching(/more would make the answer too long/)]);
    expect(JSON.stringify(plan).length).toBeLessThan(240_000);
  });

  test('follows what an object asks for: left alone, only created, run once', async () => {
    const noted = (object: KubeObject, annotations: Record<string, string>): KubeObject => ({
      ...object,
      metadata: { ...object.metadata, annotations },
    });
    const job: KubeObject = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec: { template: {} } };
    const objects = (value: string): KubeObject[] => [
      noted(configMap('ignored', { a: value }), { 'fairlead.dev/apply': 'Ignore' }),
      noted(configMap('made', { a: value }), { 'fairlead.dev/apply': 'CreateOnly' }),
      noted(job, { 'fairlead.dev/run': 'once' }),
    ];
    await rig.want({ applications: { [web]: { objects: objects('1') } } });
    await rig.eventually(() => expect(rig.api.find(key('Job', 'once', { group: 'batch' }))).toBeDefined());
    await rig.quiet();
    const plan = await planOf(objects('2')).answer;
    expect(plan).toMatchObject({ counts: { unchanged: 3 }, objects: [] });
  });

  test('tells a bounded number of fields of an object, and how many more there are', async () => {
    const data = (value: string) => Object.fromEntries(Array.from({ length: 70 }, (_, nth) => [`k${nth + 10}`, value]));
    await run([configMap('wide', data('1'))]);
    const [change] = (await planOf([configMap('wide', data('2'))]).answer).objects;
    expect(change).toMatchObject({ action: 'Change', message: '20 fields more would change.' });
    expect(change?.fields).toHaveLength(50);
  });

  test('of a bundle of another application is refused', async () => {
    const { answer } = planOf([configMap('a')], { application: 'web/other' });
    await expect(answer).rejects.toMatchObject({ code: 'InvalidInput' });
  });
});

test('Events are those of an object and of what it owns, newest first', async () => {
  await run([deployment('web'), configMap('settings')]);
  const web1 = key('Deployment', 'web', { group: 'apps' });
  const pod = await owned('Pod', 'p', web1);
  const tell = async (regarding: ObjectKey, note: string, atMs: number) => {
    const found = rig.api.find(regarding);
    const about = { apiVersion: found?.apiVersion, kind: regarding.kind, namespace: 'shop', name: regarding.name };
    const metadata = { name: `e${atMs}`, namespace: 'shop' };
    const event = { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata, note, reason: 'Told', type: 'Normal' };
    const eventTime = new Date(atMs).toISOString();
    await rig.api.create({ ...event, eventTime, regarding: { ...about, uid: found?.metadata.uid } }, self);
  };
  await tell(pod, 'pulls', 2000);
  await tell(web1, 'scales; token=abc', 3000);
  await tell(key('ConfigMap', 'settings'), 'other', 4000);
  const events = eventsAnswer.parse(JSON.parse(await ask('Events', web1)));
  expect(events.events.map(({ object, message }) => [object, message])).toEqual([
    ['apps/Deployment/shop/web', 'scales; token=(secret)'],
    ['/Pod/shop/p', 'pulls'],
  ]);
  expect(eventsAnswer.parse(JSON.parse(await ask('Events'))).events).toHaveLength(3);
});
