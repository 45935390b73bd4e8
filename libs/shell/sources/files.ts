import { FairleadError, type Digest, type Source } from '@fairlead/core/model';
import type { FileTree, SourceAdapter, SourceCredentials } from '@fairlead/ports/source';

/** A source at the revision that a release pins. */
export interface PinnedSource {
  readonly source: Source;
  readonly url: string;
  readonly team: string;
  readonly revision: string;
  readonly digest: Digest;
}

/** Files by digest: from memory, else fetched at their revision and proven by the digest. */
export interface FileKeeper {
  keep(digest: Digest, files: FileTree): void;
  /** Throws RevisionGone, SourceUnavailable, and DigestMismatch when the revision holds other files. */
  files(pinned: PinnedSource): Promise<FileTree>;
}

/** What the keeper needs. */
export interface FilePorts {
  readonly adapters: readonly SourceAdapter[];
  credentials(wanted: { readonly url: string; readonly team: string }): Promise<SourceCredentials | undefined>;
  treeDigest(files: FileTree): Digest;
}

/** Keeps the trees that were used last, up to `maxBytes` of them in all. */
export function keepFiles(ports: FilePorts, options: { readonly maxBytes: number }): FileKeeper {
  const kept = new Map<Digest, { files: FileTree; bytes: number }>();
  const fetching = new Map<Digest, Promise<FileTree>>();
  let total = 0;

  const keep = (digest: Digest, files: FileTree): void => {
    const before = kept.get(digest);
    const bytes = before?.bytes ?? [...files.values()].reduce((sum, file) => sum + file.bytes.length, 0);
    kept.delete(digest);
    kept.set(digest, { files, bytes });
    if (!before) total += bytes;
    for (const [oldest, entry] of kept) {
      if (total <= options.maxBytes || oldest === digest) break;
      kept.delete(oldest);
      total -= entry.bytes;
    }
  };

  const fetch = async (pinned: PinnedSource): Promise<FileTree> => {
    const adapter = ports.adapters.find((one) => one.handles(pinned.source));
    if (!adapter) throw unsupported(pinned.url);
    const credentials = await ports.credentials(pinned);
    const files = await adapter.fetchRevision(pinned.source, {
      revision: pinned.revision,
      ...(credentials ? { credentials } : {}),
    });
    const digest = ports.treeDigest(files);
    if (digest !== pinned.digest) {
      throw new FairleadError(
        `Cannot use ${pinned.url} at ${pinned.revision}: its files have the digest ${digest}, and the release pins ${pinned.digest}. Promote a new release.`,
        {
          code: 'DataLoss',
          reason: 'DigestMismatch',
          subject: { file: pinned.url },
        },
      );
    }
    keep(digest, files);
    return files;
  };

  return {
    keep,
    async files(pinned) {
      const found = kept.get(pinned.digest);
      if (found) {
        keep(pinned.digest, found.files);
        return found.files;
      }
      let running = fetching.get(pinned.digest);
      if (!running) {
        running = fetch(pinned).finally(() => fetching.delete(pinned.digest));
        fetching.set(pinned.digest, running);
      }
      return running;
    },
  };
}

/** The error for a kind of source that no adapter reads. */
export function unsupported(url: string): FairleadError {
  return new FairleadError(`Cannot read ${url}: this hub has no adapter for this kind of source. Use a git source.`, {
    code: 'FailedPrecondition',
    reason: 'SourceUnsupported',
    subject: { file: url },
  });
}
