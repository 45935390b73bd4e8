import { readFile } from 'node:fs/promises';
import { until } from '@fairlead/testkit/kube';
import type { Tally } from '@fairlead/testkit/simulator';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import {
  canary,
  crowd,
  problemsOf,
  startFaultyFleet,
  stuckFiles,
  untilReady,
  untilSaid,
  type FaultyFleet,
} from './faults.ts';
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
    ...events.map(({ atMs, type, reason, message }) => `${new Date(atMs).toISOString()} ${type} ${reason}: ${message}`),
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
  const connection = await connect({ servers: fleet.nats.url });
  const manager = await jetstreamManager(connection);
  const hog = await manager.streams.add({ name: 'HOG', subjects: ['HOG'] });
  const fill = async (): Promise<void> => {
    for (;;) await jetstream(connection).publish(hog.config.name, new Uint8Array(1_000_000));
  };
  await expect(fill()).rejects.toThrow(/resource/);
  // Room for what a rollout says at its beginning, and so little that it is soon gone.
  const { messages } = (await manager.streams.info(hog.config.name)).state;
  await manager.streams.purge(hog.config.name, { keep: messages - 4 });
  const rollout = await beginRollout();
  await expect(fill()).rejects.toThrow(/resource/);
  // Gateways serve on without the bus, and say that it takes nothing.
  try {
    await untilSaid(fleet.hub, 'gateway', { status: 200, word: 'insufficient resources' });
  } finally {
    await manager.streams.delete(hog.config.name);
    await connection.close();
  }
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

test('a PostgreSQL whose disk is full', async () => {
  const rollout = await beginRollout();
  const { postgres, database } = fleet;
  // The server's own answer to whoever writes; only the cause is played, for the machine's disk is not this test's to fill.
  const fill = `CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
     DO $$ DECLARE name text; BEGIN
       FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
         EXECUTE format('CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON %I EXECUTE FUNCTION fill()', name);
       END LOOP; END $$`;
  // It locks table by table, as the hub does in another order: whom the server breaks a deadlock at tries again.
  await until(async () => postgres.query(fill, { in: database }).then(() => true), {
    what: 'the disk to be full',
  });
  for (const { logFile, instance } of fleet.hub.processes.gateway)
    await until(async () => (await readFile(logFile, 'utf8')).includes('No space left on device. Make room'), {
      what: `${instance} to say that the disk is full`,
      timeoutMs,
    });
  await postgres.query('DROP FUNCTION fill() CASCADE', { in: database });
  expect(await endingOf(rollout)).toEqual(whole(rollout));
});

test('a PostgreSQL that is restored from an older copy raises the epoch by one commit, and writes to no object', async () => {
  const { postgres, plane } = fleet;
  await postgres.down({ graceMs: 30_000 });
  const copy = await postgres.copyData();
  await postgres.up();
  // The canary gets two positions that the copy does not know; the next one that follows from the copy is neither.
  const first = await beginRollout();
  expect(await endingOf(first)).toEqual(whole(first));
  const rollout = await beginRollout();
  const halt = await haltOfStuck();
  const [desired, since] = [
    await git('ls-tree', '-r', 'main', 'ledger/clusters', 'ledger/all', 'ledger/one'),
    await headNow(),
  ];
  const mark = await markAudit(plane);
  await postgres.down();
  await postgres.setBackData(copy);
  await postgres.up();
  await until(async () => (await commitsTo('ledger/hub.yaml', since)).length > 0, {
    what: 'the hub to raise the epoch',
    timeoutMs,
  });
  expect(await endingOf(rollout)).toEqual(whole(rollout));

  expect(await commitsTo('ledger/hub.yaml', since)).toHaveLength(1);
  expect(await git('ls-tree', '-r', 'main', 'ledger/clusters', 'ledger/all', 'ledger/one')).toBe(desired);
  expect(await writesSince(mark)).toEqual([]);
  expect(await haltOfStuck()).toBe(halt);
  const { epoch, problems } = await fleet.hub.client.call('getFleet');
  expect({ epoch, problems }).toEqual({ epoch: 2, problems: [] });
  const { position } = await fleet.hub.client.call('getCluster', { path: { cluster: canary } });
  expect(position?.epoch).toBe(2);
});
