import type { ClusterName } from '@fairlead/core/model';
import { assignmentRow, headRow, statusRow } from '@fairlead/ports/contracts/store';
import type { Store } from '@fairlead/ports/store';
import { startPostgres, type PostgresAccess, type PostgresServer } from '@fairlead/testkit/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openPostgresStore, type PostgresStoreOptions } from './open.ts';

let server: PostgresServer;
let access: PostgresAccess;
const stores: Store[] = [];
beforeAll(async () => {
  server = await startPostgres({ durable: true, settings: { max_wal_size: '64MB' } });
});
afterAll(() => server.stop());
beforeEach(async () => {
  access = await server.createDatabase();
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

const one = 'one' as ClusterName;
const hello = { agentVersion: '1', kubernetesVersion: 'v1.36.1', nowMs: 1, gateway: 'gateway-1' };

async function open(times: PostgresStoreOptions['times'] = {}): Promise<Store> {
  const store = await openPostgresStore({ ...access, key: new Uint8Array(32), times });
  stores.push(store);
  return store;
}

/** Writes facts one after the other and keeps those that were acknowledged, until told to stop. */
function writeOn(store: Store, name: string) {
  const acknowledged: string[] = [];
  const refused: unknown[] = [];
  const waiting = new Set<() => void>();
  const stopped = new AbortController();
  const work = async (): Promise<void> => {
    for (let n = 0; !stopped.signal.aborted; n += 1) {
      const key = `${name}:${n}`;
      await store.write([{ put: 'fact', key, value: { n } }]).then(
        () => acknowledged.push(key),
        (thrown: unknown) => refused.push(thrown),
      );
      for (const look of waiting) look();
    }
  };
  const running = work();
  return {
    acknowledged,
    refused,
    /** Until so many were acknowledged. */
    reached: (count: number) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (acknowledged.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async stop() {
      stopped.abort();
      await running;
    },
  };
}

test('what was acknowledged is there after the server was killed, and writers go on by themselves', async () => {
  const store = await open({ patienceMs: 60_000 });
  const writers = ['a', 'b', 'c'].map((name) => writeOn(store, name));
  await Promise.all(writers.map((writer) => writer.reached(50)));
  await server.down();
  const before = writers.map((writer) => writer.acknowledged.length);
  await server.up();
  await Promise.all(writers.map((writer, at) => writer.reached((before[at] ?? 0) + 50)));
  await Promise.all(writers.map((writer) => writer.stop()));
  expect(writers.flatMap((writer) => writer.refused)).toEqual([]);
  const kept = await store.facts('');
  const acknowledged = writers.flatMap((writer) => writer.acknowledged);
  expect(acknowledged.filter((key) => !kept.has(key))).toEqual([]);
});

test('while the server is away calls fail within their patience, and work again when it is back', async () => {
  const store = await open({ patienceMs: 200 });
  await store.raiseSession(one, hello);
  const beat = { instance: 'gateway-1', role: 'gateway', ttlMs: 60_000 };
  expect([await store.beat(beat), await store.beat(beat)]).toEqual([true, false]);
  await server.down({ graceMs: 30_000 });
  const calls = [
    store.write([{ put: 'fact', key: 'lost', value: {} }]),
    store.raiseSession(one, hello),
    store.counts(),
    store.lead({ holder: 'a', ttlMs: 1 }),
    store.missingBlobs([]),
    store.beat(beat),
  ];
  for (const ended of await Promise.allSettled(calls))
    expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'Unavailable', retry: 'backoff' } });
  await server.up();
  expect(await store.raiseSession(one, hello)).toBe(2);
  expect(await store.fact('lost')).toBeUndefined();
  // Whether it was swept while nobody could ask: it says anew what it holds.
  expect(await store.beat(beat)).toBe(true);
  expect(await store.beat(beat)).toBe(false);
});

test('a server that hangs is given up', async () => {
  const store = await open({ patienceMs: 100, statementMs: 100 });
  await store.write([{ put: 'fact', key: 'a', value: {} }]);
  await server.freeze();
  const calls = [store.write([{ put: 'fact', key: 'b', value: {} }]), store.counts()];
  for (const ended of await Promise.allSettled(calls))
    expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'Unavailable', retry: 'backoff' } });
  await server.resume();
  expect((await open()).id).toBe(store.id);
});

test('a hub that opens waits for a server that starts', async () => {
  await server.down({ graceMs: 30_000 });
  const opening = open({ patienceMs: 60_000 });
  await server.up();
  expect((await (await opening).counts()).clusters).toBe(0);
});

test('a store that was set back to an old copy is read as it is, and sessions of yesterday write nothing', async () => {
  const store = await open({ patienceMs: 60_000 });
  await store.write([
    { put: 'head', row: headRow('one', 1, 1) },
    { put: 'assignment', row: assignmentRow('one', 'web/shop', 'dev') },
  ]);
  await store.raiseSession(one, hello);
  await server.down({ graceMs: 30_000 });
  const copy = await server.copyData();
  await server.up();
  const session = await store.raiseSession(one, hello);
  await store.write([
    { put: 'head', row: headRow('one', 1, 2) },
    { put: 'status', row: statusRow('one', 'web/shop') },
  ]);
  await server.down();
  await server.setBackData(copy);
  await server.up();
  expect(await store.cluster(one)).toMatchObject({ session: 1, position: { epoch: 1, generation: 1 } });
  expect(await store.counts()).toMatchObject({ clusters: 1, connected: 1, health: {} });
  const late = store.write([{ put: 'status', row: statusRow('one', 'web/shop') }], {
    session: { cluster: one, session },
  });
  await expect(late).rejects.toMatchObject({ code: 'Conflict' });
  await store.write([{ put: 'head', row: headRow('one', 2, 1) }]);
});

test('a full disk refuses what does not fit and keeps the rest, and room that is made is used', async () => {
  const store = await open({ patienceMs: 60_000 });
  const blob = (n: number) => ({
    put: 'blob' as const,
    row: {
      digest: `sha256:${n.toString(16).padStart(64, '0')}` as never,
      data: crypto.getRandomValues(new Uint8Array(65_536)),
      secret: false,
    },
  });
  await server.down({ graceMs: 30_000 });
  // A file of the journal of the server has 16 MiB: those still fit, and the table with the blobs does not.
  await server.up({ fileLimitBytes: 17 * 1024 * 1024 });
  const problems: unknown[] = [];
  let written = 0;
  for (; problems.length === 0 && written < 1_000; written += 1)
    await store.write([blob(written)]).catch((thrown: unknown) => problems.push(thrown));
  expect(problems[0]).toMatchObject({
    code: 'Unavailable',
    message: expect.stringContaining('Cannot write to PostgreSQL'),
  });
  await store.write([{ put: 'fact', key: 'small', value: {} }]);
  expect(await store.missingBlobs([blob(0).row.digest, blob(written - 1).row.digest])).toEqual([
    blob(written - 1).row.digest,
  ]);
  await server.down({ graceMs: 30_000 });
  await server.up();
  await store.write([blob(written - 1)]);
  expect(await store.fact('small')).toEqual({});
});

test('a disk that is full at the first word of a transaction refuses that one only', async () => {
  const store = await open({ patienceMs: 60_000 });
  const put = (key: string) => store.write([{ put: 'fact', key, value: {} }]);
  await put('before');
  // Every transaction begins with the row of its writer.
  await server.query(
    `CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
     CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON writer EXECUTE FUNCTION fill()`,
    { in: access },
  );
  for (const key of ['first', 'second'])
    await expect(put(key)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('No space left on device. Make room'),
    });
  await server.query('DROP FUNCTION fill() CASCADE', { in: access });
  await put('after');
  expect([...(await store.facts('')).keys()].sort()).toEqual(['after', 'before']);
});
