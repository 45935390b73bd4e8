import type {
  ApplicationView,
  ClusterView,
  FleetView,
  PlacementView,
  RolloutView,
  StepView,
} from '@fairlead/wire/rest';
import { startScriptedHub, type ScriptedHub } from '@fairlead/testkit/scripted';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedIo } from '../recorded.ts';
import { run } from '../run.ts';

const nowMs = Date.UTC(2026, 10, 22, 12, 0, 0);
const fine = { reason: 'RolledOut', message: 'every cluster runs 1.1.0' };

const fleet: FleetView = {
  name: 'acme',
  repository: 'https://git.example.com/fleet',
  head: '9be03d17'.padEnd(40, '0'),
  epoch: 1,
  clusters: { total: 2, connection: { Connected: 1, Silent: 1 } },
  applications: { total: 2, sync: {}, health: {}, drift: {} },
  problems: [],
};
const cluster: ClusterView = {
  name: 'shop-1',
  labels: { env: 'prod' },
  environments: ['prod'],
  connection: 'Connected',
  agentVersion: '0.1.0',
  kubernetesVersion: 'v1.36.1',
  lastHeardAtMs: nowMs - 2_000,
  applications: 1,
  inSync: 1,
  healthy: 1,
  reason: 'Current',
  message: 'heard',
};
const silent: ClusterView = { ...cluster, name: 'shop-2', connection: 'Silent', lastHeardAtMs: nowMs - 600_000 };
const step: StepView = {
  environment: 'prod',
  version: '1.1.0',
  release: `sha256:${'a'.repeat(64)}`,
  clusters: 2,
  inSync: 2,
  healthy: 2,
  rollout: 'Over',
  rejected: [],
  ...fine,
};
const shop: ApplicationView = {
  application: 'default/shop',
  team: 'default',
  sources: [{ name: 'main', url: 'https://git.example.com/shop', revision: 'b'.repeat(40), version: '1.1.0' }],
  pipeline: [{ ...step, environment: 'dev' }, step],
  problems: [],
};
const placement: PlacementView = {
  cluster: 'shop-2',
  application: 'default/shop',
  environment: 'prod',
  wave: 'rest',
  sync: 'InSync',
  health: 'Degraded',
  drift: 'None',
  old: true,
  version: '1.1.0',
  objects: 3,
  healthyObjects: 2,
  sinceMs: nowMs - 120_000,
  problems: [
    { object: 'apps/Deployment/shop/web', health: 'Degraded', reason: 'WorkloadStalled', message: 'no progress' },
  ],
  reason: 'ClusterSilent',
  message: 'last heard 10 minutes ago',
};
const rollout: RolloutView = {
  application: 'default/shop',
  environment: 'prod',
  version: '1.1.0',
  state: 'Halted',
  waves: [{ name: 'canary', state: 'Open', total: 1, done: 0, inProgress: 1, reason: 'Halted', message: 'stands' }],
  clusters: [
    { cluster: 'shop-1', wave: 'rest', state: 'Held', reason: 'WaitsForWave', message: 'canary is not over' },
    { cluster: 'shop-2', wave: 'canary', state: 'Failed', reason: 'ProgressDeadlineExceeded', message: 'after 10s' },
    { cluster: 'shop-3', wave: 'canary', state: 'Done', reason: 'RolledOut', message: 'runs it' },
  ],
  entered: 'soak=2s ok, approval=ada',
  gates: [{ gate: 'soak 2s', verdict: 'Pass', reason: 'Entered', message: 'soaked 3s in staging' }],
  next: { reason: 'Halted', message: 'a person resumes it' },
  reason: 'FailureBudgetSpent',
  message: '1 cluster failed, and failureBudget is 0',
};

const decision = {
  kind: 'Rollout' as const,
  unit: 'prod/default/shop',
  number: 4,
  atMs: nowMs,
  input: { kind: 'Promotion' },
  decided: { state: 'Halted' },
};

let hub: ScriptedHub;
beforeEach(async () => {
  hub = await startScriptedHub({
    getFleet: fleet,
    listClusters: { items: [cluster] },
    listApplications: { items: [shop] },
    getApplication: shop,
    listPlacements: { items: [placement] },
    listRollouts: { items: [rollout] },
    getDecisions: { items: [decision] },
  });
});
afterEach(() => hub.close());

async function ran(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { FAIRLEAD_SERVER: hub.url, FAIRLEAD_TOKEN: hub.token, FAIRLEAD_CA: hub.caPem };
  const world = recordedIo({ env, nowMs });
  return { code: await run(words, world), out: world.stdout(), err: world.stderr() };
}

/** Words of a table's line, split where two blanks are. */
function cells(out: string, line: number): string[] {
  return (out.split('\n')[line] ?? '').split(/ {2,}/);
}

test('status shows applications × environments', async () => {
  const { code, out, err } = await ran('status');
  expect(code).toBe(0);
  expect(err).toBe('');
  expect(out.split('\n')[0]).toBe('fleet acme at 9be03d170000; clusters: 1 Connected');
  expect(cells(out, 1)).toEqual(['APPLICATION', 'ENVIRONMENT', 'VERSION', 'SYNC', 'HEALTH', 'ROLLOUT', 'WHY']);
  expect(cells(out, 3)).toEqual([
    'default/shop',
    'prod',
    '1.1.0',
    'InSync 2/2',
    'Healthy 2/2',
    'Over',
    'every cluster runs 1.1.0',
  ]);
});

test('status of one application shows its clusters, and what a silent one last said as old', async () => {
  hub.answers.listClusters = { items: [cluster, silent] };
  const { out } = await ran('status', 'shop', '-e', 'prod');
  expect(out).not.toContain(' dev ');
  expect(out).toMatch(/shop-2 +prod +rest +1\.1\.0 +InSync old +Degraded old +None old +2\/3 +2m +last heard/);
  expect(out).toContain('apps/Deployment/shop/web: no progress');
  expect(out).toContain('Silent shop-2: last heard 10m ago; what is shown of it is old');
});

test('status of an application that git took away shows the clusters that still let go of it', async () => {
  delete hub.answers.getApplication;
  const message = 'the Namespace shop needs a word in git';
  const held: PlacementView = { ...placement, sync: 'OutOfSync', old: false, reason: 'ObjectProtected', message };
  hub.answers.listPlacements = { items: [{ ...held, problems: [] }] };
  const { code, out, err } = await ran('status', 'shop');
  expect(code).toBe(0);
  expect(out).toContain(message);
  expect(err).toContain('Git defines no such application any more');

  hub.answers.listPlacements = { items: [] };
  expect((await ran('status', 'shop')).code).toBe(3);
});

test('status as data is what the hub said', async () => {
  const { out } = await ran('status', 'default/shop', '-o', 'json');
  expect(JSON.parse(out)).toEqual({ fleet, applications: [shop], placements: [placement] });
});

test.each([
  ['all is well', {}, 0, ''],
  ['a rollout is halted', { step: { halted: { attempt: 'c', reason: 'FailureBudgetSpent' } } }, 4, 'is halted'],
  ['a cluster is not in sync', { step: { inSync: 1 } }, 4, 'default/shop in prod is in sync on 1 of 2 clusters'],
  ['a cluster is not healthy', { step: { healthy: 0 } }, 4, 'default/shop in prod is healthy on 0 of 2 clusters'],
  ['a cluster is silent', { clusters: [cluster, silent] }, 4, 'cluster shop-2 is Silent'],
  ['something drifts', { drift: { Fighting: 1 } }, 4, '1 placements drift'],
  [
    'the repository has a problem',
    { problems: [{ reason: 'InvalidDocument', message: 'Cannot use it.', file: 'a.yaml', line: 3 }] },
    4,
    '1 problems',
  ],
])('status --check tells scripts when %s', async (_what, given, wanted, words) => {
  const {
    step: changed,
    clusters,
    drift,
    problems = [],
  } = given as {
    step?: Partial<StepView>;
    clusters?: ClusterView[];
    drift?: Record<string, number>;
    problems?: FleetView['problems'];
  };
  hub.answers.listApplications = { items: [{ ...shop, pipeline: [{ ...step, ...changed }] }] };
  hub.answers.getFleet = { ...fleet, problems, applications: { ...fleet.applications, drift: drift ?? {} } };
  if (clusters) hub.answers.listClusters = { items: clusters };
  const { code, err } = await ran('status', '--check');
  expect(code).toBe(wanted);
  expect(err).toContain(words);
});

test('problems of the repository are shown with file and line', async () => {
  const problem = { reason: 'InvalidDocument', message: 'Cannot use it.', file: 'a.yaml', line: 3 };
  hub.answers.getFleet = { ...fleet, problems: [problem] };
  expect((await ran('status')).out).toContain('problem: Cannot use it.\n  at a.yaml:3 (InvalidDocument)\n');
});

test('a source that cannot be read is shown with its application', async () => {
  const problem = { reason: 'SourceUnavailable', message: 'Cannot reach it.' };
  const sources = [{ name: 'main', url: 'https://git.example.com/shop', problem }];
  hub.answers.listApplications = { items: [{ ...shop, sources }] };
  const { code, out } = await ran('status', '--check');
  expect(code).toBe(4);
  expect(out).toContain(
    'problem: Cannot reach it.\n  at https://git.example.com/shop default/shop (SourceUnavailable)\n',
  );
});

test('text of a cluster cannot steer the terminal', async () => {
  hub.answers.listClusters = { items: [{ ...cluster, message: 'a\u001b[2Jb\r\nc' }] };
  const { out } = await ran('cluster', 'list');
  expect(out).toContain('a[2Jb c\n');
});

test('an empty fleet says what to do', async () => {
  hub.answers.listClusters = { items: [] };
  const { code, out, err } = await ran('cluster', 'list');
  expect([code, out]).toEqual([0, '']);
  expect(err).toContain('fairlead cluster join NAME');
});

test('a list is read page by page', async () => {
  const many = Array.from({ length: 7 }, (_, n) => ({ ...cluster, name: `c-${n}` }));
  hub.answers.listClusters = ({ url }) => {
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const items = many.slice(from, from + 3);
    return from + 3 < many.length ? { items, next: String(from + 3) } : { items };
  };
  const { out } = await ran('cluster', 'list', '-o', 'json', '-l', 'env=prod');
  expect((JSON.parse(out) as { items: ClusterView[] }).items.map(({ name }) => name)).toEqual(
    many.map(({ name }) => name),
  );
  expect(hub.requests.map(({ url }) => url.searchParams.get('labels'))).toEqual(['env=prod', 'env=prod', 'env=prod']);
});

test('why shows the state, the gates, what comes next, and the clusters that are not done', async () => {
  const { out } = await ran('why', 'shop', 'prod');
  expect(out).toContain(
    'default/shop in prod: Halted\n  1 cluster failed, and failureBudget is 0 (FailureBudgetSpent)\n',
  );
  expect(out).toContain('  next: a person resumes it (Halted)\n');
  expect(out).toContain('  entered with: soak=2s ok, approval=ada\n');
  expect(out).toMatch(/soak 2s +Pass +- +soaked 3s in staging/);
  expect(out).toMatch(/shop-2 +canary +Failed +after 10s/);
  expect(out).not.toContain('shop-3');
});

test('why of one cluster shows its wave and the objects that hold it up', async () => {
  const { out } = await ran('why', 'shop', 'prod', 'shop-2');
  expect(out).toContain('shop-2 (wave canary): Failed\n  after 10s (ProgressDeadlineExceeded)\n');
  expect(out).toContain('its wave is Open: stands (Halted)');
  expect(out).toContain('apps/Deployment/shop/web: Degraded, no progress (WorkloadStalled)');
});

test('why of what is not placed is not found', async () => {
  hub.answers.listPlacements = { items: [] };
  const { code, err } = await ran('why', 'shop', 'prod', 'shop-9');
  expect(code).toBe(3);
  expect(err).toContain('prod does not place default/shop there');
});

test('rollouts shows one line each, or all of one', async () => {
  expect((await ran('rollouts')).out).toMatch(/default\/shop +prod +1\.1\.0 +Halted +canary 0\/1 +1 cluster failed/);
  const one = (await ran('rollouts', 'shop', 'prod')).out;
  expect(one).toMatch(/shop-3 +canary +Done/);
  expect((await ran('rollouts', 'show', 'shop', 'prod')).out).toBe(one);
});

test('apps shows pipelines and what is wrong with a source', async () => {
  const problem = { reason: 'SourceUnavailable', message: 'no answer' };
  const sources = shop.sources.map((one) => ({ ...one, problem }));
  hub.answers.listApplications = { items: [{ ...shop, sources }] };
  expect((await ran('apps')).out).toMatch(
    /default\/shop +dev 1\.1\.0 → prod 1\.1\.0 +- +https:.*at 1\.1\.0 \(no answer\)/,
  );
});

test('why with --record is what the newest decisions rested on, as JSON', async () => {
  const { code, out } = await ran('why', 'shop', 'prod', '--record');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual([decision]);
});
