import type { ClusterName } from '@fairlead/core/model';
import { startPostgres, type PostgresAccess, type PostgresServer } from '@fairlead/testkit/postgres';
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { clientConfig, connect, usualTimes } from './connect.ts';
import { destroy, Lane } from './lane.ts';
import { openPostgresStore } from './open.ts';

let server: PostgresServer;
let access: PostgresAccess;
beforeAll(async () => {
  server = await startPostgres({ durable: false });
});
afterAll(() => server.stop());
beforeEach(async () => {
  access = await server.createDatabase();
  await openPostgresStore({ ...access, key: new Uint8Array(32) }).then((store) => store.close());
});

const hello = {
  kind: 'hello',
  cluster: 'one' as ClusterName,
  hello: { agentVersion: '', kubernetesVersion: '', nowMs: 1, gateway: 'g' },
} as const;
const bell = {
  kind: 'write',
  changes: [{ put: 'outbox', row: { subject: 'head', payload: {} } }],
  guard: undefined,
} as const;

/** What happens to the first COMMIT on the wire; later ones pass. */
type Mishap = (commit: () => Promise<unknown>, client: Client) => Promise<unknown>;

function laneWith(mishap: Mishap, patienceMs = 60_000): { lane: Lane; bells: () => number } {
  let isSpent = false;
  let rung = 0;
  const lane = new Lane({
    connect: async () => {
      const client = await connect({ ...clientConfig(access, usualTimes), pipeline: true });
      const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
      const disturbed = (...args: unknown[]): Promise<unknown> => {
        if (args[0] !== 'COMMIT' || isSpent) return query(...args);
        isSpent = true;
        return mishap(() => query(...args), client);
      };
      client.query = disturbed as Client['query'];
      return client;
    },
    statements: { key: new Uint8Array(32), journalLimit: 10, self: 'me' },
    patienceMs,
    rang: () => (rung += 1),
  });
  return { lane, bells: () => rung };
}

function lost(client: Client): never {
  destroy(client);
  throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

const rows = async () => ({
  sessions: await server.query('SELECT session FROM cluster', { in: access }),
  messages: (await server.query('SELECT subject FROM outbox', { in: access })).length,
});

test('a commit whose answer was lost is found to have come to pass, and is not done twice', async () => {
  const { lane, bells } = laneWith(async (commit, client) => {
    await commit();
    lost(client);
  });
  expect(await Promise.all([lane.add(hello), lane.add(bell)])).toEqual([1, undefined]);
  expect(await rows()).toEqual({ sessions: [{ session: '1' }], messages: 1 });
  expect(bells()).toBe(1);
  await lane.close();
});

test('a commit that never reached the server is done again', async () => {
  const { lane } = laneWith(async (_commit, client) => lost(client));
  expect(await Promise.all([lane.add(hello), lane.add(bell)])).toEqual([1, undefined]);
  expect(await rows()).toEqual({ sessions: [{ session: '1' }], messages: 1 });
  await lane.close();
});

test('where nobody can say whether it was written, the caller is told so', async () => {
  const { lane } = laneWith(async (commit, client) => {
    await commit();
    await server.down();
    lost(client);
  }, 100);
  await expect(lane.add(hello)).rejects.toMatchObject({
    code: 'Unavailable',
    retry: 'backoff',
    message: expect.stringContaining('Cannot say whether it was written'),
  });
  await server.up();
  expect(await lane.add(hello)).toBeGreaterThan(0);
  await lane.close();
});

test('a lane that is closed carries out what waits, and takes nothing more', async () => {
  const { lane } = laneWith((commit) => commit());
  const waiting = [lane.add(hello), lane.add(hello)];
  await lane.close();
  expect(await Promise.all(waiting)).toEqual([1, 2]);
  await expect(lane.add(hello)).rejects.toMatchObject({ code: 'Unavailable', reason: 'Shutdown' });
});

test('a lane holds no more than its bound, and says so', async () => {
  const { lane } = laneWith((commit) => commit());
  const calls = Array.from({ length: 100_001 }, () => lane.add(hello));
  await expect(calls.at(-1)).rejects.toMatchObject({ code: 'ResourceExhausted', retry: 'backoff' });
  expect(await calls[99_999]).toBe(100_000);
  await lane.close();
});
