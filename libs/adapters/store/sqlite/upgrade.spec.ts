import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrations } from './migrations/list.ts';
import { openStore } from './open.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

const first = `
  INSERT INTO meta VALUES ('id', 'the-id'), ('fence', '7');
  INSERT INTO cluster (cluster, session, connected) VALUES ('one', 3, 1);
  INSERT INTO status VALUES ('one', 'web/shop', 'InSync', 'Healthy', 'None', '{"application":"web/shop"}', NULL, 1, 1);
  INSERT INTO blob VALUES ('sha256:00', 0, x'01');
  INSERT INTO fact VALUES ('kept', '{"n":1}');`;
const later = first
  .replace(", ('fence', '7')", '')
  .replace('INSERT INTO fact', 'UPDATE lead SET fence = 7; INSERT INTO fact');

/** What a hub of each version had written, in the columns that it knew. */
const written: readonly string[] = [
  '',
  first,
  later,
  later,
  `${later} INSERT INTO blob_use VALUES ('sha256:00', 9e15);`.replace('9e15', '9000000000000000'),
];

function fileOf(version: number): string {
  const file = join(folder, 'hub.db');
  const database = new DatabaseSync(file);
  for (const migration of migrations.slice(0, version)) database.exec(migration);
  database.exec(`${written[version] ?? 'a version without rows'}; PRAGMA user_version = ${version}`);
  database.close();
  return file;
}

test.each(migrations.map((_, at) => at + 1))(
  'a file of version %i is brought up to date, rows and all',
  async (version) => {
    const store = await openStore({ file: fileOf(version), key: new Uint8Array(32) });
    expect(store.id).toBe('the-id');
    expect(await store.cluster('one' as never)).toMatchObject({ session: 3, connected: true });
    expect(await store.counts()).toMatchObject({ clusters: 1, connected: 1, health: { Healthy: 1 } });
    expect(await store.statuses({ health: 'Healthy' })).toHaveLength(1);
    expect(await store.fact('kept')).toEqual({ n: 1 });
    expect(await store.lead({ holder: 'a', ttlMs: 1 })).toBe(8);
    expect(await store.unusedBlobs({ unusedForMs: 3_600_000, limit: 9 })).toEqual([]);
    expect(await store.dropBlobs(['sha256:00' as never], { unusedForMs: -1e16 })).toEqual(['sha256:00']);
    await store.close();
  },
);

test('an older hub refuses a file of a newer one, and leaves it as it is', async () => {
  const file = fileOf(migrations.length);
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA user_version = ${migrations.length + 1}`);
  database.close();
  await expect(openStore({ file, key: new Uint8Array(32) })).rejects.toMatchObject({
    code: 'FailedPrecondition',
    message: expect.stringContaining('start a newer hub'),
  });
  const after = new DatabaseSync(file);
  expect(after.prepare('SELECT cluster FROM cluster').all()).toEqual([{ cluster: 'one' }]);
  after.close();
});
