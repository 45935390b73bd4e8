import type { Digest } from '@fairlead/core/model';
import type { BlobRow, Store } from '@fairlead/ports/store';
import type { Pool } from 'pg';
import { unseal } from '../seal.ts';
import { bytesOf, digestCell, digestOf } from './bytes.ts';

interface DigestTable {
  readonly digest: Buffer;
}

/** Blobs by digest; secret ones lie encrypted. */
export function blobsOver(
  pool: Pool,
  { key }: { readonly key: Uint8Array },
): Pick<Store, 'missingBlobs' | 'blobs' | 'assignedBundles' | 'unusedBlobs' | 'dropBlobs'> {
  const digests = async (text: string, values: unknown[]): Promise<Digest[]> =>
    (await pool.query<DigestTable>(text, values)).rows.map((row) => digestOf(row.digest) as Digest);
  return {
    async missingBlobs(asked) {
      const cells = asked.map((digest) => digestCell(digest)).sort();
      // Before they are looked for: what is noted here is not dropped under whoever asks. Once an hour at most.
      await pool.query(
        `UPDATE blob SET used_at = clock_timestamp()
         WHERE digest = ANY ($1::bytea[]) AND used_at < clock_timestamp() - interval '1 hour'`,
        [cells],
      );
      const kept = new Set<string>(await digests('SELECT digest FROM blob WHERE digest = ANY ($1::bytea[])', [cells]));
      return asked.filter((digest) => !kept.has(digest));
    },
    async blobs(asked) {
      const { rows } = await pool.query<DigestTable & { secret: boolean; data: Buffer }>(
        'SELECT digest, secret, data FROM blob WHERE digest = ANY ($1::bytea[])',
        [asked.map((digest) => digestCell(digest))],
      );
      const byDigest = new Map(rows.map((row) => [digestOf(row.digest), row]));
      return asked.flatMap((digest): BlobRow[] => {
        const row = byDigest.get(digest);
        if (!row) return [];
        const data = row.secret ? unseal(row.data, { key, digest }) : bytesOf(row.data);
        return [{ digest, secret: row.secret, data }];
      });
    },
    async assignedBundles() {
      const text = "SELECT DISTINCT entry ->> 'bundle' AS bundle FROM assignment WHERE entry IS NOT NULL ORDER BY 1";
      return (await pool.query<{ bundle: string }>(text)).rows.map((row) => row.bundle as Digest);
    },
    unusedBlobs: ({ unusedForMs, limit }) =>
      digests(
        `SELECT digest FROM blob WHERE used_at <= clock_timestamp() - $1 * interval '1 millisecond'
         ORDER BY used_at LIMIT $2`,
        [unusedForMs, limit],
      ),
    dropBlobs: (asked, { unusedForMs }) =>
      digests(
        `DELETE FROM blob WHERE digest = ANY ($1::bytea[])
           AND used_at <= clock_timestamp() - $2 * interval '1 millisecond' RETURNING digest`,
        [asked.map((digest) => digestCell(digest)).sort(), unusedForMs],
      ),
  };
}
