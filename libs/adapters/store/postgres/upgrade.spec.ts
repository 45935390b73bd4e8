import { startPostgres, type PostgresAccess, type PostgresServer } from '@fairlead/testkit/postgres';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/list.ts';
import { openPostgresStore } from './open.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ durable: false });
});
afterAll(() => server.stop());

/** What a hub of each version had written, in the columns that it knew. */
const written: readonly string[] = [
  '',
  `INSERT INTO cluster (cluster, session, connected) VALUES ('one', 3, true);
   INSERT INTO status (cluster, application, sync, health, drift, release, bundle, attempt, reason, message, objects,
     healthy_objects, since_ms, observed_at_ms)
   VALUES ('one', 'web/shop', 'InSync', 'Healthy', 'None', '\\x01', '\\x02', '\\x03', 'Applied', '', 1, 1, 1, 1);
   INSERT INTO fact VALUES ('kept', '{"n":1}');`,
];

async function withTables(version: number): Promise<PostgresAccess> {
  const access = await server.createDatabase();
  const { hostname, port, username, pathname } = new URL(access.url);
  const client = new Client({
    host: hostname,
    port: Number(port),
    user: username,
    database: pathname.slice(1),
    password: access.password,
  });
  await client.connect();
  await migrate(client, migrations.slice(0, version));
  if (written[version]) await client.query(written[version]);
  await client.end();
  return access;
}

test.each(migrations.map((_, at) => at + 1))(
  'tables of version %i are brought up to date, rows and all',
  async (version) => {
    const access = await withTables(version);
    const store = await openPostgresStore({ ...access, key: new Uint8Array(32) });
    expect(await store.cluster('one' as never)).toMatchObject({ session: 3, connected: true });
    expect(await store.counts()).toMatchObject({ clusters: 1, connected: 1, health: { Healthy: 1 } });
    expect(await store.fact('kept')).toEqual({ n: 1 });
    await store.raiseSession('one' as never, { agentVersion: '', kubernetesVersion: '', nowMs: 1, gateway: 'g' });
    const { id } = store;
    await store.close();
    const again = await openPostgresStore({ ...access, key: new Uint8Array(32) });
    expect(again.id).toBe(id);
    await again.close();
  },
);

test('an older hub refuses tables of a newer one, and leaves them as they are', async () => {
  const access = await withTables(migrations.length);
  await server.query(`UPDATE meta SET value = '${migrations.length + 1}' WHERE key = 'version'`, { in: access });
  await expect(openPostgresStore({ ...access, key: new Uint8Array(32) })).rejects.toMatchObject({
    code: 'FailedPrecondition',
    message: `Cannot open the store: its tables are of version ${migrations.length + 1}, and this hub knows ${migrations.length} only. Start a newer hub.`,
  });
  expect(await server.query('SELECT cluster FROM cluster', { in: access })).toEqual([{ cluster: 'one' }]);
});

test('a hub that the server turns away says why, and never its password', async () => {
  const access = await server.createDatabase();
  const opening = openPostgresStore({ ...access, password: 'hunter2', key: new Uint8Array(32) });
  await expect(opening).rejects.toMatchObject({
    code: 'FailedPrecondition',
    message: expect.stringMatching(/^(?!.*hunter2).*password authentication failed/),
  });
  const inUrl = openPostgresStore({ url: access.url.replace('@', ':hunter2@'), key: new Uint8Array(32) });
  await expect(inUrl).rejects.toMatchObject({
    code: 'InvalidInput',
    message: expect.stringMatching(/^(?!.*hunter2).*holds a password/),
  });
});
