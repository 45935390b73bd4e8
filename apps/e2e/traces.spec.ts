import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@fairlead/testkit/kube';
import { startOtlpReceiver, type OtlpReceiver, type ReceivedSpan } from '@fairlead/testkit/otlp';
import { freePort } from '@fairlead/testkit/process';
import {
  calm,
  followJournal,
  setScene,
  type HeardEvent,
  type Journal,
  type Scene,
  type SceneOptions,
} from '@fairlead/testkit/simulator';
import { afterEach, beforeEach, expect, test } from 'vitest';

const timeoutMs = 120_000;
const clusters = 30;
let receiver: OtlpReceiver;
let scene: Scene | undefined;
let journal: Journal | undefined;
/** Those that are over. */
const attempts = new Set<string>();

beforeEach(async () => {
  receiver = await startOtlpReceiver();
});

afterEach(async () => {
  journal?.close();
  await scene?.stop();
  await receiver.close();
});

/** Waits until a rollout is over that is not one of these; resolves to its attempt. */
async function rolledOut(than: ReadonlySet<string>): Promise<string> {
  const isOver = ({ type, attempt }: HeardEvent): boolean => type === 'RolloutOver' && !than.has(attempt ?? '');
  const event = await journal?.next(isOver, { what: 'the rollout to be over', timeoutMs });
  return event?.attempt ?? '';
}

/** A fleet of simulated clusters that has its first release; everything is told to the receiver. */
async function start(
  shape: Pick<SceneOptions, 'layout' | 'transport'>,
  flags: Readonly<Record<string, string>> = {},
): Promise<Scene> {
  scene = await setScene({
    clusters,
    objects: 3,
    ...shape,
    behaviour: { ...calm, apply: { leastMs: 10, mostMs: 200 } },
    hub: { flags: { otlp: receiver.url, ...flags } },
  });
  journal = await followJournal(scene.hub);
  scene.connect();
  attempts.clear();
  attempts.add(await rolledOut(attempts));
  return scene;
}

/** The trace of one change, once all of it was told. */
async function traceOfChange(at: Scene, round: number): Promise<readonly ReceivedSpan[]> {
  await at.change(round);
  const attempt = await rolledOut(attempts);
  attempts.add(attempt);
  const delivery = (): ReceivedSpan | undefined =>
    receiver.spans().find(({ name, attributes }) => name === 'deliver' && attributes['fairlead.attempt'] === attempt);
  await until(async () => delivery() !== undefined, { what: 'the delivery of the change to be told', timeoutMs });
  const spans = (): readonly ReceivedSpan[] => receiver.spans().filter(({ trace }) => trace === delivery()?.trace);
  await until(async () => orphans(spans()).length === 0, { what: 'every parent to be told', timeoutMs });
  return spans();
}

/** Spans whose parent has not come. */
function orphans(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  const ids = new Set(spans.map(({ id }) => id));
  return spans.filter(({ parent }) => parent !== '' && !ids.has(parent));
}

/** From a span to the first of its trace, by name and service. */
function wayOf(spans: readonly ReceivedSpan[], name: string): string[] {
  const way: string[] = [];
  for (let at = spans.find((span) => span.name === name); at; at = spans.find(({ id }) => id === at?.parent))
    way.push(`${at.name} in ${at.resource['service.name']}`);
  return way;
}

async function secretsOf({ hub: { dataDir }, folder }: Scene): Promise<string[]> {
  const files = ['admin-token', 'webhook-secret'].map((name) => join(dataDir, name));
  const password = join(folder, 'postgres-password');
  const texts = await Promise.all([...files, password].map((file) => readFile(file, 'utf8').catch(() => '')));
  return texts.map((text) => text.trim()).filter((text) => text !== '');
}

test('one commit is one trace, from the webhook to the last cluster, over four processes and NATS', async () => {
  const at = await start({ layout: 'apart', transport: 'nats' });
  // A poll may see a change before its webhook comes.
  let spans: readonly ReceivedSpan[] = [];
  for (let round = 1; round <= 3 && !spans.some(({ name }) => name === 'POST /webhooks/git'); round += 1)
    spans = await traceOfChange(at, round);

  expect(wayOf(spans, 'cluster applied')).toEqual([
    'cluster applied in fairlead-gateway',
    'deliver in fairlead-gateway',
    'plan in fairlead-planner',
    'look at source in fairlead-sources',
    'POST /webhooks/git in fairlead-sources',
  ]);
  const names = new Set(spans.map(({ name }) => name));
  for (const step of ['fetch source', 'serve work', 'render', 'push ledger', 'cluster received'])
    expect(names, `a span of ${step}`).toContain(step);
  expect(spans.find(({ name }) => name === 'deliver')?.attributes).toMatchObject({
    'fairlead.clusters.sent': String(clusters),
    'fairlead.clusters.applied': String(clusters),
    'fairlead.clusters.failed': '0',
  });
  expect(spans.filter(({ isError }) => isError)).toEqual([]);
});

test('a hub in one process tells the same over gRPC, shows metrics and health, and no secret', async () => {
  const probes = `127.0.0.1:${await freePort()}`;
  const at = await start({ layout: 'one', transport: 'grpc' }, { metrics: probes, 'poll-ms': '600000' });
  const spans = await traceOfChange(at, 1);
  expect(wayOf(spans, 'cluster applied')).toEqual(
    ['cluster applied', 'deliver', 'plan', 'look at source', 'POST /webhooks/git'].map(
      (name) => `${name} in fairlead-hub`,
    ),
  );

  const get = async (path: string): Promise<string> => (await fetch(`http://${probes}${path}`)).text();
  const metrics = await get('/metrics');
  const samples = metrics.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const sample of samples)
    expect(sample).toMatch(/^[a-zA-Z_]\w*(\{(\w+="(\\.|[^"\\])*",?)*\})? -?([\d.e+-]+|\+Inf)$/);
  const value = (head: string): number =>
    Number(
      samples
        .find((line) => line.startsWith(head))
        ?.split(' ')
        .at(-1),
    );
  expect(value('fairlead_agents_connected{')).toBe(clusters);
  expect(value('fairlead_clusters{fairlead_connection="Connected"')).toBe(clusters);
  expect(value('fairlead_applications{fairlead_aspect="sync",fairlead_state="InSync"')).toBe(clusters);
  expect(value('fairlead_rollouts{fairlead_state="Over"')).toBe(1);
  expect(value('fairlead_leader')).toBe(1);
  expect(value('fairlead_commit_receipt_duration_seconds_count')).toBeGreaterThanOrEqual(2 * clusters);
  expect(value('fairlead_agent_io_bytes_total{network_io_direction="transmit"')).toBeGreaterThan(0);
  // Nothing in the labels grows with the fleet.
  expect(metrics).not.toContain(at.agents[0]?.cluster);

  expect(JSON.parse(await get('/readyz'))).toMatchObject({
    status: 'ok',
    checks: { store: 'ok', bus: 'ok', git: 'ok' },
  });
  const health = JSON.parse(await get('/healthz')) as { status: string; loops: { name: string }[] };
  expect(health.status).toBe('ok');
  expect(health.loops.map(({ name }) => name).sort()).toEqual(['fleet', 'lease', 'planner', 'relay', 'sources']);

  const logs = (await readdir(at.folder)).filter((name) => name.endsWith('.log'));
  const written = await Promise.all(logs.map((name) => readFile(join(at.folder, name), 'utf8')));
  for (const secret of await secretsOf(at))
    for (const text of [receiver.text(), metrics, ...written]) expect(text.includes(secret)).toBe(false);
});
