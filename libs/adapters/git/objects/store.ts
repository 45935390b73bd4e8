import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import git from 'isomorphic-git';
import { byteCache } from './byteCache.ts';
import { wholeFiles } from './files.ts';
import { openPacks, type NamedBlob } from './packs.ts';

/** What a commit says. */
export interface Commit {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: { readonly name: string; readonly email: string };
  /** When it was committed, in milliseconds since 1970. */
  readonly timeMs: number;
  readonly message: string;
}

/** One line of a tree. */
export interface TreeEntry {
  readonly mode: string;
  readonly name: string;
  readonly oid: string;
}

/** Modes of tree entries, as isomorphic-git writes them. */
export const modes = {
  tree: '040000',
  file: '100644',
  executable: '100755',
  link: '120000',
  submodule: '160000',
} as const;

/** The tree without entries, which lies in no pack. */
export const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** What isomorphic-git wants to know of a repository on disk. */
export interface GitPlace {
  readonly fs: typeof wholeFiles;
  readonly gitdir: string;
  readonly cache: object;
}

/** The objects of a bare repository on disk, read through isomorphic-git and kept parsed within a bound. */
export interface ObjectStore {
  place(): GitPlace;
  /** A commit, or the commit that a tag names; undefined when it is not here. */
  commit(oid: string): Promise<Commit | undefined>;
  tree(oid: string): Promise<readonly TreeEntry[]>;
  blob(oid: string): Promise<Uint8Array>;
  /** Many, one after the other in any order: cheaper than each for itself. */
  blobs(oids: readonly string[]): AsyncGenerator<NamedBlob, void, undefined>;
  /** Packs on disk. Each read looks through them. */
  packCount(): Promise<number>;
}

const cacheBytes = 32 * 2 ** 20;
/** isomorphic-git keeps packs in memory; so many reads later they are let go. */
const readsPerCache = 50_000;

function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name === 'NotFoundError';
}

/** Opens a bare repository, and makes one where there is none. */
export async function openStore(gitdir: string, url: string): Promise<ObjectStore> {
  await mkdir(join(gitdir, 'objects/pack'), { recursive: true });
  await git.init({ fs: wholeFiles, gitdir, bare: true, defaultBranch: 'main' });
  await git.addRemote({ fs: wholeFiles, gitdir, remote: 'origin', url, force: true });
  const parsed = byteCache<string, Commit | readonly TreeEntry[]>(cacheBytes);
  const packs = openPacks(gitdir);
  let cache: object = {};
  let reads = 0;

  function place(): GitPlace {
    reads += 1;
    if (reads % readsPerCache === 0) cache = {};
    return { fs: wholeFiles, gitdir, cache };
  }

  /** What was written here and lies loose; of what cannot be read it says why. */
  const elsewhere = async (oid: string): Promise<Uint8Array> => (await git.readBlob({ ...place(), oid })).blob;

  return {
    place,
    async commit(oid) {
      const known = parsed.get(`commit ${oid}`) as Commit | undefined;
      if (known) return known;
      const read = await git.readCommit({ ...place(), oid }).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      if (!read) return undefined;
      const { tree, parent, author, committer, message } = read.commit;
      const commit: Commit = {
        oid: read.oid,
        tree,
        parents: parent,
        author: { name: author.name, email: author.email },
        timeMs: committer.timestamp * 1000,
        message,
      };
      parsed.set(`commit ${oid}`, commit, message.length * 2 + 500);
      return commit;
    },
    async tree(oid) {
      if (oid === emptyTree) return [];
      const known = parsed.get(oid) as readonly TreeEntry[] | undefined;
      if (known) return known;
      const read = await git.readTree({ ...place(), oid });
      const entries = read.tree.map((entry) => ({ mode: entry.mode, name: entry.path, oid: entry.oid }));
      parsed.set(oid, entries, entries.length * 200 + 200);
      return entries;
    },
    async blob(oid) {
      for await (const [, bytes] of packs.blobs([oid])) return bytes;
      return elsewhere(oid);
    },
    async *blobs(oids) {
      const left = new Set(oids);
      for await (const blob of packs.blobs(oids)) {
        left.delete(blob[0]);
        yield blob;
      }
      for (const oid of left) yield [oid, await elsewhere(oid)];
    },
    async packCount() {
      return (await readdir(join(gitdir, 'objects/pack'))).filter((name) => name.endsWith('.idx')).length;
    },
  };
}

/** Opens the store anew and empty. */
export async function emptyStore(gitdir: string, url: string): Promise<ObjectStore> {
  await rm(gitdir, { recursive: true, force: true });
  return await openStore(gitdir, url);
}
