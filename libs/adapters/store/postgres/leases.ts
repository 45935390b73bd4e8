import type { ClusterName } from '@fairlead/core/model';
import type { Store } from '@fairlead/ports/store';
import type { Pool, PoolClient } from 'pg';
import { judgeClaim } from '@fairlead/ports/store';
import { digestCell } from './bytes.ts';
import { tokenOf } from './rows.ts';
import type { TokenTable } from './schema.ts';

/** Runs work in a transaction of its own; what throws undoes it. */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    broken = false;
    return result;
  } finally {
    client.release(broken);
  }
}

/** Who leads, who is alive, and tokens: rare calls, each in a statement or transaction of its own. */
export function leasesOver(pool: Pool): Pick<Store, 'lead' | 'resign' | 'beat' | 'sweepInstances' | 'claimToken'> {
  /** A beat failed: whether it was swept meanwhile, or its answer that it is new was lost, nobody knows. */
  let isInDoubt = false;
  return {
    async lead({ holder, ttlMs }) {
      const text = `UPDATE lead SET fence = fence + (holder IS DISTINCT FROM $1)::integer, holder = $1,
          until = clock_timestamp() + $2 * interval '1 millisecond'
        WHERE holder IS NULL OR holder = $1 OR until <= clock_timestamp() RETURNING fence`;
      return (await pool.query<{ fence: number }>(text, [holder, ttlMs])).rows[0]?.fence;
    },
    async resign(holder) {
      await pool.query('UPDATE lead SET holder = NULL WHERE holder = $1', [holder]);
    },
    async beat({ instance, role, ttlMs }) {
      const text = `INSERT INTO instance VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
        ON CONFLICT (instance) DO UPDATE SET role = excluded.role, until = excluded.until RETURNING xmax = 0 AS is_new`;
      try {
        const { rows } = await pool.query<{ is_new: boolean }>(text, [instance, role, ttlMs]);
        const isNew = rows[0]?.is_new === true || isInDoubt;
        isInDoubt = false;
        return isNew;
      } catch (thrown) {
        isInDoubt = true;
        throw thrown;
      }
    },
    sweepInstances: () => inTransaction(pool, sweep),
    claimToken: (hash, claimant) =>
      inTransaction(pool, async (client) => {
        const text = 'SELECT * FROM token WHERE hash = $1::bytea FOR UPDATE';
        const [row] = (await client.query<TokenTable>(text, [digestCell(hash)])).rows;
        const claim = judgeClaim(row && tokenOf(row), claimant);
        if (claim.taken)
          await client.query('UPDATE token SET used_at_ms = $2, used_by = $3::bytea WHERE hash = $1::bytea', [
            digestCell(hash),
            claim.row.usedAtMs,
            digestCell(claim.row.usedBy),
          ]);
        return claim;
      }),
  };
}

async function sweep(client: PoolClient): Promise<ClusterName[]> {
  // Who beats for the first time waits for the end of this; who has beaten before is seen by what follows.
  await client.query('LOCK TABLE instance IN SHARE ROW EXCLUSIVE MODE');
  await client.query('DELETE FROM instance WHERE until <= clock_timestamp()');
  const { rows } = await client.query<{ cluster: string }>(
    `WITH left_behind AS (
       SELECT cluster FROM cluster
       WHERE connected AND (gateway IS NULL OR gateway NOT IN (SELECT instance FROM instance))
       ORDER BY cluster FOR UPDATE)
     UPDATE cluster SET connected = false FROM left_behind WHERE cluster.cluster = left_behind.cluster
     RETURNING cluster.cluster`,
  );
  return rows.map((row) => row.cluster as ClusterName).sort();
}
