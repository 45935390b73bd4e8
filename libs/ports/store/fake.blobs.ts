import type { Digest } from '@fairlead/core/model';
import type { Store } from './port.ts';
import type { AssignmentRow, BlobRow } from './rows.ts';

/** What blobs are kept in, and who names them. */
interface BlobTables {
  readonly blobs: Map<string, BlobRow & { readonly usedAtMs: number }>;
  readonly assignments: ReadonlyMap<string, AssignmentRow>;
}

/** The blobs of the fake. */
export function blobs(
  { blobs: kept, assignments }: BlobTables,
  now: () => number,
): Pick<Store, 'missingBlobs' | 'blobs' | 'assignedBundles' | 'unusedBlobs' | 'dropBlobs'> {
  const isUnused = (row: { readonly usedAtMs: number } | undefined, forMs: number): boolean =>
    row !== undefined && row.usedAtMs <= now() - forMs;
  return {
    async missingBlobs(digests) {
      const found = digests.flatMap((digest) => kept.get(digest) ?? []);
      for (const row of found) kept.set(row.digest, { ...row, usedAtMs: now() });
      return digests.filter((digest) => !kept.has(digest));
    },
    async blobs(digests) {
      const found = digests.flatMap((digest) => kept.get(digest) ?? []);
      return found.map(({ digest, data, secret }) => ({ digest, data: data.slice(), secret }));
    },
    async assignedBundles() {
      return [...new Set([...assignments.values()].flatMap(({ entry }) => entry?.bundle ?? []))].sort();
    },
    async unusedBlobs({ unusedForMs, limit }) {
      const unused = [...kept.values()].filter((row) => isUnused(row, unusedForMs));
      return unused
        .sort((a, b) => a.usedAtMs - b.usedAtMs)
        .slice(0, limit)
        .map((row): Digest => row.digest);
    },
    async dropBlobs(digests, { unusedForMs }) {
      const unused = digests.filter((digest) => isUnused(kept.get(digest), unusedForMs));
      for (const digest of unused) kept.delete(digest);
      return unused;
    },
  };
}
