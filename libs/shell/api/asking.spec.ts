import type { ApplicationId, ClusterName, Digest, PlanAnswer, Question } from '@fairlead/core/model';
import { FairleadError } from '@fairlead/core/model';
import { memoryBus } from '@fairlead/ports/bus';
import { manualClock } from '@fairlead/ports/clock';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { getDiff, getTree } from './asking.ts';
import { createPlan, type PlanPorts } from './plans.ts';
import type { FleetInForce } from './ports.ts';

const names = ['c1', 'c2', 'c3', 'c4'] as ClusterName[];
const application = 'web/shop' as ApplicationId;
const digestOf = (word: string) => `sha256:${word.padEnd(64, '0')}` as Digest;

const planOf = (digest: string, change = 1): PlanAnswer => ({
  application,
  bundle: digestOf('b'),
  digest,
  counts: { create: 0, change, unchanged: 3, refused: 0, leave: 0 },
  objects: [],
  leaves: [],
  notes: [],
});

/** Four members, whose streams are at the gateways that `at` names; `answer` is what their agents say. */
async function ports(at: Readonly<Record<string, string>>) {
  const store = memoryStore();
  const bus = memoryBus();
  const connect = async (cluster: string, gateway: string) => {
    const agent = { agentVersion: '1', kubernetesVersion: 'v1.36.0', nowMs: 0, gateway };
    await store.raiseSession(cluster as ClusterName, agent);
  };
  for (const [cluster, gateway] of Object.entries(at)) await connect(cluster, gateway);
  const fleet = { ledger: { members: new Map(names.map((name) => [name, {}])) } } as unknown as FleetInForce;
  const asked: Question[] = [];
  const serve = (gateway: string, answer: (question: Question) => unknown) =>
    bus.serve(gateway, async (text) => {
      const question = JSON.parse(text) as Question;
      asked.push(question);
      return JSON.stringify(await answer(question));
    });
  const found: PlanPorts = {
    store,
    bus,
    clock: manualClock(),
    repository: '',
    fleet: () => fleet,
    troubles: async () => [],
    connection: (row) => (row?.connected ? 'Connected' : 'Never'),
    previews: {
      of: async () => ({
        release: { digest: digestOf('r'), version: '2.0.0' },
        clusters: names,
        bundles: async (clusters) =>
          new Map(
            clusters.map((cluster) => [
              cluster,
              cluster === 'c4'
                ? new FairleadError('It does not render', { code: 'FailedPrecondition', reason: 'RenderFailed' })
                : digestOf(cluster),
            ]),
          ),
      }),
    },
  };
  return { ports: found, asked, serve, connect };
}

const tree = { result: JSON.stringify({ application, objects: [], notes: [] }) };
const moved = { problem: { message: 'not here', code: 'Unavailable', reason: 'ClusterSilent' } };

test('a question goes to the gateway that holds the stream, and to no other', async () => {
  const at = await ports({ c1: 'gateway-1', c2: 'gateway-2' });
  const served: string[] = [];
  for (const gateway of ['gateway-1', 'gateway-2'])
    at.serve(gateway, ({ cluster }) => {
      served.push(`${gateway} ${cluster}`);
      return tree;
    });
  expect(await getTree(at.ports, { cluster: 'c2', application })).toEqual({ application, objects: [], notes: [] });
  await getTree(at.ports, { cluster: 'c1', application });
  expect(served).toEqual(['gateway-2 c2', 'gateway-1 c1']);
});

test('where the stream went to another gateway meanwhile, that one is asked, once', async () => {
  const at = await ports({ c1: 'gateway-1' });
  at.serve('gateway-1', async () => {
    await at.connect('c1', 'gateway-2');
    return moved;
  });
  at.serve('gateway-2', () => tree);
  await getTree(at.ports, { cluster: 'c1', application });
  expect(at.asked).toHaveLength(2);
  at.serve('gateway-3', async () => {
    await at.connect('c1', 'gateway-4');
    return moved;
  });
  at.serve('gateway-4', async () => {
    await at.connect('c1', 'gateway-3');
    return moved;
  });
  await at.connect('c1', 'gateway-3');
  await expect(getTree(at.ports, { cluster: 'c1', application })).rejects.toMatchObject({ reason: 'ClusterSilent' });
  expect(at.asked).toHaveLength(4);
});

test('nobody to ask is said at once, with the reason', async () => {
  const at = await ports({ c1: 'gateway-9' });
  const refusal = async (cluster: string) =>
    getTree(at.ports, { cluster, application }).catch((error: unknown) => error);
  expect(await refusal('stranger')).toMatchObject({ code: 'NotFound', reason: 'NotAMember' });
  expect(await refusal('c2')).toMatchObject({ code: 'FailedPrecondition', reason: 'NeverConnected' });
  expect(await refusal('c1')).toMatchObject({ code: 'Unavailable', reason: 'ClusterSilent' });
});

test("an agent's refusal is told with its reason, and an answer of another form is none", async () => {
  const at = await ports({ c1: 'gateway-1' });
  const answers: unknown[] = [
    { problem: { message: 'Cannot show it', code: 'PermissionDenied', reason: 'OwnerPolicyForbids' } },
    { result: '{"application":7}' },
    { result: 'no JSON' },
  ];
  at.serve('gateway-1', () => answers.shift());
  const refusal = async () => getDiff(at.ports, { cluster: 'c1', application }).catch((error: unknown) => error);
  expect(await refusal()).toMatchObject({ code: 'PermissionDenied', reason: 'OwnerPolicyForbids' });
  for (const _ of [1, 2])
    expect(await refusal()).toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('another form') as string,
    });
});

test('a plan groups clusters by equal result, the largest group first, and names who has none', async () => {
  const at = await ports({ c1: 'gateway-1', c2: 'gateway-1', c3: 'gateway-1' });
  at.serve('gateway-1', ({ cluster, bundle }) => {
    expect(bundle).toBe(digestOf(cluster));
    return { result: JSON.stringify(cluster === 'c2' ? planOf('other', 3) : planOf('same', 2)) };
  });
  const query = { application, environment: 'prod', limit: 10 };
  const plan = await createPlan(at.ports, query);
  expect(plan).toMatchObject({
    release: digestOf('r'),
    version: '2.0.0',
    clusters: 4,
    groups: [
      { clusters: ['c1', 'c3'], plan: { counts: { change: 2 } } },
      { clusters: ['c2'], plan: { counts: { change: 3 } } },
    ],
    problems: [{ cluster: 'c4', reason: 'RenderFailed', message: 'It does not render' }],
  });
  expect(plan).not.toHaveProperty('next');
});

test('a plan asks a page of clusters at a time, or one', async () => {
  const at = await ports({ c1: 'gateway-1', c2: 'gateway-1', c3: 'gateway-1' });
  at.serve('gateway-1', () => ({ result: JSON.stringify(planOf('same')) }));
  const query = { application, environment: 'prod', limit: 2 };
  const first = await createPlan(at.ports, query);
  expect([first.groups[0]?.clusters, first.clusters]).toEqual([['c1', 'c2'], 4]);
  const second = await createPlan(at.ports, { ...query, cursor: first.next });
  expect([second.groups[0]?.clusters, second.problems.length, second.next]).toEqual([['c3'], 1, undefined]);
  expect((await createPlan(at.ports, { ...query, cluster: 'c2' })).groups[0]?.clusters).toEqual(['c2']);
  await expect(createPlan(at.ports, { ...query, cluster: 'c9' })).rejects.toMatchObject({ code: 'NotFound' });
});
