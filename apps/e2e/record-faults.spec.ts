import { until } from '@fairlead/testkit/kube';
import type { Tally } from '@fairlead/testkit/simulator';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { crowd, problemsOf, startFaultyFleet, stuckFiles, untilReady, untilSaid, type FaultyFleet } from './faults.ts';
import { entryText, isOfApplications, isWrite, markAudit, type AuditMark } from './observe.ts';

const timeoutMs = 120_000;
const webFile = 'ledger/all/default/web.yaml';
let fleet: FaultyFleet;
let version = 0;

beforeAll(async () => {
  fleet = await startFaultyFleet();
  await untilRolledOut(await untilPromoted(''));
  await fleet.git.commit('source', { files: stuckFiles, message: 'Version 2 of stuck, which never gets healthy' });
  await fleet.hub.client.webhook(fleet.git.urlOf('source'));
  await until(haltOfStuck, { what: 'the ledger to say that the rollout of stuck is halted', timeoutMs });
});
afterAll(() => fleet?.stop());

const git = (...args: readonly string[]): Promise<string> => fleet.git.git('fleet', ...args);
const headNow = async (): Promise<string> => (await git('rev-parse', 'main')).trim();

/** Commits to a file of the ledger since a head (all of them where it is empty), newest first. */
async function commitsTo(path: string, since: string): Promise<string[]> {
  const log = await git('log', '--format=%H', since === '' ? 'main' : `${since}..main`, '--', path);
  return log.split('\n').filter((line) => line !== '');
}

async function haltOfStuck(): Promise<string | undefined> {
  const text = await git('show', 'main:ledger/one/default/stuck.yaml');
  return text.split('\n').find((line) => line.includes('halted'));
}

/** The ledger's commit that promoted `web` after this head; what the simulated agents name an attempt by. */
async function untilPromoted(since: string): Promise<string> {
  return until(async () => (await commitsTo(webFile, since).catch(() => [])).at(-1), {
    what: 'web to be promoted',
    timeoutMs,
  });
}

/** Until every simulated cluster, and the real one before them, runs the attempt. */
async function untilRolledOut(attempt: string): Promise<Tally> {
  return fleet.simulator.until(({ marks }) => marks[`Healthy:${attempt}`]?.count === crowd, {
    what: `attempt ${attempt} to be everywhere`,
    timeoutMs,
  });
}

/** What a failure's message should say: the ledger, the rollout as the hub tells it, the journal and the logs. */
async function standing(): Promise<string> {
  const { client } = fleet.hub;
  const { items: rollouts } = await client.call('listRollouts', { query: { application: 'default/web' } });
  const { items: events } = await client.call('listEvents', { query: { limit: 30 } });
  return [
    await git('log', '-8', '--format=%H %s', 'main'),
    ...rollouts.map((rollout) => JSON.stringify(rollout)),
    ...events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
    await problemsOf(fleet.hub),
  ].join('\n');
}

/** A rollout that is on its way. */
interface Rollout {
  readonly version: string;
  readonly attempt: string;
  readonly since: string;
  readonly mark: AuditMark;
}

/** Pushes the next version and waits until the canary and the first of the crowd have it. */
async function beginRollout(): Promise<Rollout> {
  onTestFailed(async () => console.error(await standing()));
  version += 1;
  const [since, mark] = [await headNow(), await markAudit(fleet.plane)];
  await fleet.change(String(version));
  const attempt = await untilPromoted(since);
  const { marks } = await fleet.simulator.until((tally) => (tally.marks[`InSync:${attempt}`]?.count ?? 0) > 0, {
    what: `attempt ${attempt} to have come to some`,
    timeoutMs,
  });
  expect(marks[`InSync:${attempt}`]?.count).toBeLessThan(crowd);
  return { version: String(version), attempt, since, mark };
}

async function writesSince(mark: AuditMark): Promise<string[]> {
  return (await mark.since((entry) => isOfApplications(entry) && isWrite(entry))).map(entryText);
}

/** What became of a rollout. */
interface Ending {
  /** How often a cluster of the crowd began to apply it. */
  readonly applied: number | undefined;
  /** Desired states, since the beginning, whose position was behind one that was sent before. */
  readonly steppedBack: number;
  /** Of the live object in the canary, and what was written to objects of applications there. */
  readonly version: string;
  readonly writes: readonly string[];
  readonly promotions: readonly string[];
}

/** Waits until every cluster runs it and the hub says so, with nothing left to complain of. */
async function endingOf({ attempt, since, mark }: Rollout): Promise<Ending> {
  await untilRolledOut(attempt);
  const { marks, steppedBack } = await fleet.simulator.fresh();
  const settings = await fleet.plane.api.get('/api/v1/namespaces/web/configmaps/settings');
  await until(() => isTold(attempt), { what: 'the hub to tell that all have it', timeoutMs });
  await untilReady(fleet.hub);
  return {
    applied: marks[`Applying:${attempt}`]?.count,
    steppedBack,
    version: settings.data.version,
    writes: await writesSince(mark),
    promotions: await commitsTo(webFile, since),
  };
}

/** Everybody has it, and got it once. */
const whole = ({ version: wanted, attempt }: Rollout): object => ({
  applied: crowd,
  steppedBack: 0,
  version: wanted,
  writes: [expect.stringContaining('/configmaps/settings')],
  promotions: [attempt],
});

async function isTold(attempt: string): Promise<boolean> {
  const { client } = fleet.hub;
  const query = { application: 'default/web', limit: 500 };
  const { items } = await client.call('listPlacements', { query });
  const told = items.filter(({ sync, health }) => sync === 'InSync' && health === 'Healthy');
  const { items: events } = await client.call('listEvents', { query: { application: 'default/web', limit: 100 } });
  const over = events.some((event) => event.type === 'RolloutOver' && event.attempt === attempt);
  if (told.length === crowd + 1 && over) return true;
  throw new Error(`${told.length} of ${items.length} are told to be well; the rollout is ${over ? '' : 'not '}over`);
}

test('a nats-server that is killed and started again', async () => {
  const rollout = await beginRollout();
  await fleet.nats.down();
  await untilSaid(fleet.hub, 'planner', { status: 503, word: 'BusUnavailable' });
  await fleet.nats.up();
  expect(await endingOf(rollout)).toEqual(whole(rollout));
});

test('a nats-server whose store is wiped', async () => {
  const rollout = await beginRollout();
  await fleet.nats.restart({ whileDown: () => fleet.nats.wipeStore() });
  expect(await endingOf(rollout)).toEqual(whole(rollout));
});

test('a nats-server whose store is set back to a copy from before the promotion', async () => {
  const copy = await fleet.nats.copyStore();
  const rollout = await beginRollout();
  await fleet.nats.restart({ whileDown: () => fleet.nats.setBackStore(copy) });
  expect(await endingOf(rollout)).toEqual(whole(rollout));
});

test('a nats-server that is full', async () => {
  const rollout = await beginRollout();
  const connection = await connect({ servers: fleet.nats.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'HOG', subjects: ['hog'] });
  const filled = (async () => {
    for (;;) await jetstream(connection).publish('hog', new Uint8Array(1_000_000));
  })();
  await expect(filled).rejects.toThrow(/resource/);
  // Gateways serve on without the bus, and say that it takes nothing.
  await untilSaid(fleet.hub, 'gateway', { status: 200, word: 'insufficient resources' });
  await manager.streams.delete('HOG');
  await connection.close();
  expect(await endingOf(rollout)).toEqual(whole(rollout));
});

test('a PostgreSQL that is killed and started again', async () => {
  const rollout = await beginRollout();
  await fleet.postgres.down();
  await fleet.postgres.up();
  expect(await endingOf(rollout)).toEqual(whole(rollout));
});

test('a PostgreSQL that is away for longer than the patience of calls, the lease, and the deadline of the rollout', async () => {
  const rollout = await beginRollout();
  await fleet.postgres.down();
  const downAtMs = Date.now();
  await untilSaid(fleet.hub, 'api', { status: 503, word: '"store":"no answer' });
  // Time itself is the fault here: longer than the 45 s after which a cluster that is not healthy has failed.
  await until(() => Date.now() - downAtMs > 50_000, { what: 'time to pass', timeoutMs: 90_000 });
  await fleet.postgres.up();
  expect(await endingOf(rollout)).toEqual(whole(rollout));
});
