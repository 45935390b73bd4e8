import type { DatabaseSync } from 'node:sqlite';
import type { Digest } from '@fairlead/core/model';
import type { BlobRow } from '@fairlead/ports/store';
import { seal, unseal } from '../../seal.ts';

/** Blobs by digest; secret ones lie encrypted. */
export interface Blobs {
  missing(digests: readonly Digest[]): Digest[];
  some(digests: readonly Digest[]): BlobRow[];
  put(row: BlobRow): void;
}

/** Prepares the statements over `blob`. */
export function blobs(database: DatabaseSync, key: Uint8Array): Blobs {
  const has = database.prepare('SELECT 1 FROM blob WHERE digest = ?');
  const get = database.prepare('SELECT secret, data FROM blob WHERE digest = ?');
  const put = database.prepare('INSERT OR IGNORE INTO blob (digest, secret, data) VALUES (?, ?, ?)');
  return {
    missing: (digests) => digests.filter((digest) => has.get(digest) === undefined),
    some: (digests) =>
      digests.flatMap((digest) => {
        const row = get.get(digest);
        if (!row) return [];
        const data = row['data'] as Uint8Array;
        const secret = row['secret'] === 1;
        return [{ digest, secret, data: secret ? unseal(data, { key, digest }) : data }];
      }),
    put: ({ digest, secret, data }) =>
      void put.run(digest, secret ? 1 : 0, secret ? seal(data, { key, digest }) : data),
  };
}
