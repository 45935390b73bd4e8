import type { DatabaseSync } from 'node:sqlite';
import type { Digest } from '@fairlead/core/model';
import type { BlobRow } from '@fairlead/ports/store';
import { seal, unseal } from '../../seal.ts';
import type { Row } from '../row.ts';

/** Blobs by digest; secret ones lie encrypted. */
export interface Blobs {
  missing(digests: readonly Digest[]): Digest[];
  some(digests: readonly Digest[]): BlobRow[];
  put(row: BlobRow): void;
  assigned(): Digest[];
  unused(filter: { readonly unusedForMs: number; readonly limit: number }): Digest[];
  drop(digests: readonly Digest[], filter: { readonly unusedForMs: number }): Digest[];
}

/** A use is noted once an hour at most. */
const noteEveryMs = 3_600_000;

/** Prepares the statements over `blob` and `blob_use`. */
export function blobs(database: DatabaseSync, { key, now }: { key: Uint8Array; now: () => number }): Blobs {
  const has = database.prepare('SELECT 1 FROM blob WHERE digest = ?');
  const get = database.prepare('SELECT secret, data FROM blob WHERE digest = ?');
  const put = database.prepare('INSERT OR IGNORE INTO blob (digest, secret, data) VALUES (?, ?, ?)');
  const use = database.prepare(`INSERT INTO blob_use VALUES (?1, ?2)
    ON CONFLICT (digest) DO UPDATE SET used_at_ms = ?2 WHERE used_at_ms < ?2 - ${noteEveryMs}`);
  const named = database.prepare(
    "SELECT DISTINCT entry ->> 'bundle' AS digest FROM assignment WHERE entry IS NOT NULL ORDER BY 1",
  );
  const unused = database.prepare('SELECT digest FROM blob_use WHERE used_at_ms <= ? ORDER BY used_at_ms LIMIT ?');
  const forget = database.prepare(`DELETE FROM blob_use
    WHERE digest IN (SELECT value FROM json_each(?)) AND used_at_ms <= ? RETURNING digest`);
  const drop = database.prepare('DELETE FROM blob WHERE digest IN (SELECT value FROM json_each(?))');
  const digestsOf = (rows: readonly Row[]): Digest[] => rows.map((row) => row['digest'] as Digest);
  return {
    missing: (digests) =>
      digests.filter((digest) => {
        if (has.get(digest) === undefined) return true;
        use.run(digest, now());
        return false;
      }),
    some: (digests) =>
      digests.flatMap((digest) => {
        const row = get.get(digest);
        if (!row) return [];
        const data = row['data'] as Uint8Array;
        const secret = row['secret'] === 1;
        return [{ digest, secret, data: secret ? unseal(data, { key, digest }) : data }];
      }),
    put({ digest, secret, data }) {
      put.run(digest, secret ? 1 : 0, secret ? seal(data, { key, digest }) : data);
      use.run(digest, now());
    },
    assigned: () => digestsOf(named.all()),
    unused: ({ unusedForMs, limit }) => digestsOf(unused.all(now() - unusedForMs, limit)),
    drop(digests, { unusedForMs }) {
      const dropped = digestsOf(forget.all(JSON.stringify(digests), now() - unusedForMs));
      drop.run(JSON.stringify(dropped));
      return dropped;
    },
  };
}
