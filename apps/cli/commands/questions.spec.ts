import { startScriptedHub, type ScriptedHub } from '@fairlead/testkit/scripted';
import type { Answer } from '@fairlead/wire/rest';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedIo } from '../recorded.ts';
import { run } from '../run.ts';

const nowMs = Date.UTC(2026, 10, 22, 12, 0, 0);
const application = 'default/shop';

const tree: Answer<'getTree'> = {
  application,
  objects: [
    { object: 'apps/Deployment/shop/web', depth: 0, standing: 'AsApplied', health: 'Healthy', message: '2 of 2' },
    {
      object: '/Pod/shop/web-1',
      owner: 'apps/Deployment/shop/web',
      depth: 1,
      health: 'Degraded',
      message: 'it cannot start',
      createdAt: new Date(nowMs - 300_000).toISOString(),
    },
    { object: '/Service/shop/web', depth: 0, standing: 'Drifted', health: 'Healthy' },
  ],
  notes: ['Only 2000 objects were looked at.'],
};
const plan: Answer<'getDiff'> = {
  application,
  bundle: 'sha256:b',
  digest: 'sha256:d',
  counts: { create: 1, change: 1, unchanged: 4, refused: 0, leave: 1 },
  objects: [
    { object: '/ConfigMap/shop/new', action: 'Create', fields: [] },
    {
      object: 'apps/Deployment/shop/web',
      action: 'Change',
      fields: [
        { pointer: '/spec/replicas', wanted: '3', found: '2' },
        { pointer: '/spec/paused', wanted: '', found: 'true' },
      ],
    },
  ],
  leaves: [{ object: '/ConfigMap/shop/old', action: 'Keep', message: 'the application does not prune' }],
  notes: [],
};
const page = (groups: Answer<'createPlan'>['groups'], more: Partial<Answer<'createPlan'>> = {}) => ({
  application,
  environment: 'prod',
  release: `sha256:${'a'.repeat(64)}`,
  version: '2.0.0',
  clusters: 8,
  groups,
  problems: [],
  ...more,
});

let hub: ScriptedHub;
beforeEach(async () => {
  hub = await startScriptedHub({ getTree: tree, getDiff: plan });
});
afterEach(() => hub.close());

async function ran(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { FAIRLEAD_SERVER: hub.url, FAIRLEAD_TOKEN: hub.token, FAIRLEAD_CA: hub.caPem };
  const world = recordedIo({ env, nowMs });
  return { code: await run(words, world), out: world.stdout(), err: world.stderr() };
}

test('a tree shows what is owned below its owner, and what was left out', async () => {
  const { code, out } = await ran('apps', 'tree', 'shop', '-c', 'shop-1');
  expect(code).toBe(0);
  expect(out).toMatch(/^Deployment\/web +shop +AsApplied +Healthy/m);
  expect(out).toMatch(/^└─ Pod\/web-1 +shop +- +Degraded +5m +it cannot start$/m);
  expect(out).toContain('Only 2000 objects were looked at.');
  expect(hub.requests.at(-1)?.url.pathname).toBe('/api/v1/clusters/shop-1/applications/default/shop/tree');
});

test('an object is named by kind and name, and looked up in the tree', async () => {
  hub.answers.getObject = (request) => ({
    object: request.url.searchParams.get('object') ?? '',
    live: { kind: 'Pod', metadata: { name: 'web-1' } },
    notes: [],
  });
  const { out } = await ran('apps', 'object', 'shop', 'pod/web-1', '-c', 'shop-1');
  expect(out).toBe('kind: Pod\nmetadata:\n  name: web-1\n');
  expect(hub.requests.at(-1)?.url.searchParams.get('object')).toBe('/Pod/shop/web-1');
  const { code, err } = await ran('apps', 'object', 'shop', 'job/none', '-c', 'shop-1');
  expect(code).toBe(3);
  expect(err).toContain('fairlead apps tree');
});

test('Events are listed with their objects; no cluster is a wrong command line', async () => {
  const at = new Date(nowMs - 60_000).toISOString();
  const event = {
    object: '/Pod/shop/web-1',
    type: 'Warning',
    reason: 'BackOff',
    message: 'again',
    at,
    count: 7,
    source: 'kubelet',
  };
  hub.answers.getClusterEvents = { application, events: [event], notes: [] };
  const { out } = await ran('apps', 'events', 'shop', '-c', 'shop-1');
  expect(out).toMatch(/^1m +Warning +BackOff +\/Pod\/shop\/web-1 +7 +again$/m);
  expect((await ran('apps', 'events', 'shop')).code).toBe(2);
});

test('a difference is told field by field', async () => {
  const { out } = await ran('diff', 'shop', '-c', 'shop-1');
  expect(out.split('\n')).toEqual([
    'default/shop in shop-1: 1 object created, 1 changed, 1 no longer named',
    '  + /ConfigMap/shop/new',
    '  ~ apps/Deployment/shop/web',
    '      /spec/replicas: 2 → 3',
    '      /spec/paused: true → (nothing)',
    '  - /ConfigMap/shop/old (stays: the application does not prune)',
    '',
  ]);
  const data = await ran('diff', 'shop', 'service/web', '-c', 'shop-1', '-o', 'json');
  expect(JSON.parse(data.out)).toMatchObject({ counts: { change: 1 } });
});

test('a plan is read page by page of one release, and clusters in which the same would change are one group', async () => {
  const other = {
    ...plan,
    digest: 'sha256:e',
    counts: { ...plan.counts, create: 0, leave: 0 },
    objects: [],
    leaves: [],
  };
  const pages = [
    page(
      [
        { clusters: ['c1', 'c2', 'c3'], plan },
        { clusters: ['c4'], plan: other },
      ],
      { next: 'on' },
    ),
    page([{ clusters: ['c5', 'c6', 'c7'], plan }], {
      problems: [{ cluster: 'c8', reason: 'ClusterSilent', message: 'no stream' }],
    }),
  ];
  const bodies: unknown[] = [];
  hub.answers.createPlan = (request) => {
    bodies.push(JSON.parse(request.body));
    return pages[bodies.length - 1] ?? { status: 500 };
  };
  const { code, out } = await ran('plan', 'shop', 'prod');
  expect(code).toBe(1);
  expect(out).toContain('default/shop 2.0.0 (aaaaaaaaaaaa) in prod:\n6 clusters: 1 object created, 1 changed');
  expect(out).toContain('  c1, c2, c3, c5, c6, and 1 more');
  expect(out).toContain('1 cluster: 1 object changed\n  c4');
  expect(out).toContain('c8: not planned: no stream (ClusterSilent)');
  expect(bodies).toEqual([
    { application, environment: 'prod' },
    { application, environment: 'prod', release: `sha256:${'a'.repeat(64)}`, cursor: 'on' },
  ]);
});

test('a plan in which nothing is refused ends well, and says where nothing would change', async () => {
  const none = {
    ...plan,
    counts: { create: 0, change: 0, unchanged: 6, refused: 0, leave: 0 },
    objects: [],
    leaves: [],
  };
  hub.answers.createPlan = page([{ clusters: ['c1'], plan: none }], { clusters: 1 });
  const { code, out } = await ran('plan', 'shop', 'prod', '-c', 'c1');
  expect([code, out.includes('1 cluster: nothing would change')]).toEqual([0, true]);
});
