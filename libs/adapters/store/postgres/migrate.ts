import { randomUUID } from 'node:crypto';
import { FairleadError } from '@fairlead/core/model';
import type { Client } from 'pg';
import { migrations } from './migrations/list.ts';

/** The number of the lock that only one hub holds while it changes tables: "fairlead" in a few bits. */
const migrationLock = 0x66_61_69_72;

/**
 * Brings the tables to the version of this hub, one hub at a time, and returns the id of the store. Throws
 * FailedPrecondition where a newer hub has been there.
 */
export async function migrate(client: Client, steps: readonly string[] = migrations): Promise<string> {
  await client.query('BEGIN');
  try {
    await client.query('SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0');
    await client.query(`SELECT pg_advisory_xact_lock(${migrationLock})`);
    await client.query('CREATE TABLE IF NOT EXISTS meta (key text PRIMARY KEY, value text NOT NULL)');
    const done = await versionOf(client);
    if (done > steps.length) throw tooNew(done, steps.length);
    for (const step of steps.slice(done)) await client.query(step);
    if (done < steps.length) {
      const put = 'INSERT INTO meta VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value';
      await client.query(put, ['version', String(steps.length)]);
    }
    // Of writers that are no more; one that comes back makes its row anew.
    if (steps.length > 0) await client.query("DELETE FROM writer WHERE wrote_at < now() - interval '1 day'");
    await client.query("INSERT INTO meta VALUES ('id', $1) ON CONFLICT (key) DO NOTHING", [randomUUID()]);
    const { rows } = await client.query<{ value: string }>("SELECT value FROM meta WHERE key = 'id'");
    await client.query('COMMIT');
    return String(rows[0]?.value);
  } catch (thrown) {
    await client.query('ROLLBACK');
    throw thrown;
  }
}

async function versionOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ value: string }>("SELECT value FROM meta WHERE key = 'version'");
  return Number(rows[0]?.value ?? 0);
}

function tooNew(found: number, known: number): FairleadError {
  return new FairleadError(
    `Cannot open the store: its tables are of version ${found}, and this hub knows ${known} only. Start a newer hub.`,
    { code: 'FailedPrecondition', reason: 'InternalError' },
  );
}
