import { valueDigest } from '@fairlead/core/bundle';
import { defaultSilence } from '@fairlead/core/connection';
import type { ApplicationId, ClusterName, CommitSha, EnvironmentName } from '@fairlead/core/model';
import { memoryStore, type AssignmentRow, type Change, type Store } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { openBoard } from './board.ts';

const shop = 'web/shop' as ApplicationId;
const names = ['a', 'b', 'c'] as ClusterName[];
const [first, second] = names as [ClusterName, ClusterName];

function assignment(cluster: ClusterName, application = shop): AssignmentRow {
  const digest = valueDigest('release');
  const entry = { application, environment: 'prod' as EnvironmentName, release: digest, version: '1', bundle: digest };
  const team = { namespaces: [], allowKinds: [], denyKinds: [] };
  return {
    cluster,
    application,
    environment: entry.environment,
    entry: { ...entry, attempt: 'a'.repeat(40) as CommitSha, team, acknowledged: {} },
    generation: 1,
    assignedAtMs: 0,
  };
}

function status(cluster: ClusterName, message: string): Change {
  const { release, bundle, attempt } = assignment(cluster).entry as NonNullable<AssignmentRow['entry']>;
  const words = { sync: 'InSync', health: 'Healthy', drift: 'None', reason: 'Current' } as const;
  const said = { application: shop, release, bundle, attempt, ...words, message, objects: 1, healthyObjects: 1 };
  return { put: 'status', row: { cluster, status: { ...said, problems: [] }, sinceMs: 0, observedAtMs: 0 } };
}

async function stocked(): Promise<{ store: Store; reads: string[] }> {
  const store = memoryStore();
  for (const cluster of names) {
    await store.raiseSession(cluster, { agentVersion: '1', kubernetesVersion: 'v1.36.1', nowMs: 0, gateway: 'g' });
    await store.write([{ put: 'assignment', row: assignment(cluster) }, status(cluster, 'old')]);
  }
  const reads: string[] = [];
  const noted: Store = {
    ...store,
    clusters: (page) => (reads.push(`clusters ${page?.names?.join(' ') ?? 'all'}`), store.clusters(page)),
    statuses: (filter) => (reads.push(`statuses ${filter.clusters?.join(' ') ?? 'all'}`), store.statuses(filter)),
  };
  return { store: noted, reads };
}

const at = (nowMs: number) => ({ nowMs, silence: defaultSilence });
const messageOf = (rows: Awaited<ReturnType<ReturnType<typeof openBoard>['rowsOf']>>, cluster: ClusterName) =>
  rows.statuses.get(cluster)?.status.message;

test('everything is read once, and then only what bells named', async () => {
  const { store, reads } = await stocked();
  const board = openBoard(store, { maxRows: 1000 });
  await board.clusters(at(0));
  await board.rowsOf(shop);
  await store.write([status(first, 'new')]);
  board.mark({ clusters: [first], applications: [shop] });
  await board.clusters(at(0));
  const rows = await board.rowsOf(shop);
  expect(messageOf(rows, first)).toBe('new');
  expect(messageOf(rows, second)).toBe('old');
  expect(reads).toEqual(['clusters all', 'statuses all', `clusters ${first}`, `statuses ${first}`]);
});

test('what a bell names while everything is being read is read again', async () => {
  const { store } = await stocked();
  const reading = Promise.withResolvers<void>();
  const slow: Store = {
    ...store,
    async statuses(filter) {
      const rows = await store.statuses(filter);
      await reading.promise;
      return rows;
    },
  };
  const board = openBoard(slow, { maxRows: 1000 });
  const early = board.rowsOf(shop);
  await store.write([status(first, 'new')]);
  board.mark({ clusters: [first], applications: [shop] });
  reading.resolve();
  await early;
  expect(messageOf(await board.rowsOf(shop), first)).toBe('new');
});

test('of a cluster that says what it runs for the first time everything is read, whatever the bell named', async () => {
  const { store, reads } = await stocked();
  const board = openBoard(store, { maxRows: 1000 });
  await board.clusters(at(0));
  await board.rowsOf(shop);
  expect([board.hasNewWord(), board.hasNewWord()]).toEqual([true, false]);
  const statusDigest = valueDigest('said');
  await store.write([status(first, 'new'), { put: 'contact', row: { cluster: first, statusDigest } }]);
  board.mark({ clusters: [first], applications: [] });
  await board.clusters(at(0));
  expect(messageOf(await board.rowsOf(shop), first)).toBe('new');
  expect([board.hasNewWord(), board.hasNewWord()]).toEqual([true, false]);
  // From now on it is the bells that say what changed.
  board.mark({ clusters: [first], applications: [] });
  await board.clusters(at(0));
  await board.rowsOf(shop);
  expect(board.hasNewWord()).toBe(false);
  expect(reads).toEqual([
    'clusters all',
    'statuses all',
    `clusters ${first}`,
    `statuses ${first}`,
    `clusters ${first}`,
  ]);
});

test('a doubt while something is read leaves the look with what it has, and the next one reads all', async () => {
  const { store, reads } = await stocked();
  const board = openBoard(store, { maxRows: 1000 });
  await board.clusters(at(0));
  board.mark({ clusters: [first], applications: [] });
  const looking = board.clusters(at(0));
  board.mark('all');
  expect((await looking).size).toBe(names.length);
  await board.clusters(at(0));
  expect(reads).toEqual(['clusters all', `clusters ${first}`, 'clusters all']);
});

test('a read that fails keeps what was to be read', async () => {
  const { store } = await stocked();
  let fails = false;
  const faulty: Store = {
    ...store,
    clusters: (page) => (fails ? Promise.reject(new Error('away')) : store.clusters(page)),
  };
  const board = openBoard(faulty, { maxRows: 1000 });
  await board.clusters(at(0));
  await store.write([{ put: 'contact', row: { cluster: first, lastHeardAtMs: 7 } }]);
  board.mark({ clusters: [first], applications: [] });
  fails = true;
  await expect(board.clusters(at(0))).rejects.toThrow('away');
  fails = false;
  expect((await board.clusters(at(0))).get(first)?.lastHeardAtMs).toBe(7);
});

test('a cluster that seems silent is read again before it counts as silent', async () => {
  const { store, reads } = await stocked();
  const board = openBoard(store, { maxRows: 1000 });
  await board.clusters(at(0));
  const laterMs = defaultSilence.silentAfterMs + 1;
  await store.write([{ put: 'contact', row: { cluster: second, lastHeardAtMs: laterMs } }]);
  const rows = await board.clusters(at(laterMs));
  expect(rows.get(second)?.lastHeardAtMs).toBe(laterMs);
  await board.clusters(at(laterMs + 1));
  expect(reads).toEqual(['clusters all', `clusters ${names.join(' ')}`]);
});

test('what the planner wrote is known without a read, and equal entries are kept once', async () => {
  const { store, reads } = await stocked();
  const board = openBoard(store, { maxRows: 1000 });
  const rows = await board.rowsOf(shop);
  const moved = { ...assignment(first), generation: 2 };
  await store.write([{ put: 'assignment', row: moved }]);
  board.wrote([{ put: 'assignment', row: moved }]);
  expect(rows.rows.get(first)).toEqual(moved);
  expect(rows.rows.get(first)?.entry).toBe(rows.rows.get(second)?.entry);
  expect(reads).toEqual(['statuses all']);
});

test('beyond the bound the application that was looked at longest ago is forgotten', async () => {
  const { store, reads } = await stocked();
  const board = openBoard(store, { maxRows: 4 });
  await board.rowsOf(shop);
  await store.write([{ put: 'assignment', row: assignment(first, 'web/other' as ApplicationId) }]);
  await board.rowsOf('web/other' as ApplicationId);
  await board.rowsOf(shop);
  expect(reads).toEqual(['statuses all', 'statuses all', 'statuses all']);
});
