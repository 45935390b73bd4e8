import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import git, { Errors } from 'isomorphic-git';
import { explained, garbled } from '../failures.ts';
import { oneAtATime } from '../lock.ts';
import { emptyStore, openStore, type ObjectStore } from '../objects/store.ts';
import { gitTransport, type TransportOptions } from '../remote/transport.ts';

/** What is kept of one repository between fetches: a shallow copy, open for one piece of work. */
export interface Mirror {
  readonly store: ObjectStore;
  /**
   * Fetches a ref, or a commit by its name, `depth` commits deep; resolves to what it is at the server, or to
   * undefined when there is no such ref. Throws NotOurRef when the server does not give out a commit by its name.
   */
  bring(remoteRef: string, depth: number): Promise<string | undefined>;
}

/** The copies of all repositories that sources name. */
export interface Mirrors {
  /** Works on one copy, alone. */
  use<Value>(options: TransportOptions, work: (mirror: Mirror) => Promise<Value>): Promise<Value>;
}

/** Where the commit that was fetched last is kept: what it leads to is here, down to where the copy is cut. */
const fetched = 'refs/fairlead/fetched';
const maxPacks = 48;

function mirrorOf(store: ObjectStore, options: TransportOptions): Mirror {
  const { url } = options;
  return {
    store,
    async bring(remoteRef, depth) {
      const http = gitTransport(options);
      const call = { ...store.place(), http, url, ref: fetched, remoteRef, depth, singleBranch: true, tags: false };
      const result = await explained(url, git.fetch(call)).catch((error: unknown) => {
        if (error instanceof Errors.NotFoundError) return undefined;
        throw error;
      });
      if (!result?.fetchHead) return undefined;
      const commit = await store.commit(result.fetchHead);
      if (!commit) throw garbled(url, `the pack does not hold ${result.fetchHead}`);
      await git.writeRef({ ...store.place(), ref: fetched, value: commit.oid, force: true });
      return commit.oid;
    },
  };
}

/** Removes the copies that were used longest ago, until room is for one more. */
async function makeRoom(folder: string, most: number): Promise<void> {
  const names = await readdir(folder);
  if (names.length < most) return;
  const used = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })));
  used.sort((a, b) => a.at - b.at);
  const gone = used.slice(0, names.length - most + 1);
  await Promise.all(gone.map(({ name }) => rm(join(folder, name), { recursive: true, force: true })));
}

/** Keeps at most `most` copies in a folder, which may be deleted at any time while nothing is fetched. */
export function keepMirrors(folder: string, most: number): Mirrors {
  const locks = new Map<string, ReturnType<typeof oneAtATime>>();
  const room = oneAtATime();

  async function open(url: string): Promise<ObjectStore> {
    const gitdir = join(folder, createHash('sha256').update(url).digest('hex').slice(0, 32));
    const known = await stat(gitdir).catch(() => undefined);
    if (!known) {
      await mkdir(folder, { recursive: true });
      await room(() => makeRoom(folder, most));
    }
    const store = await openStore(gitdir, url);
    const now = new Date();
    await utimes(gitdir, now, now);
    // Packs are never joined, and a shallow copy is cheap to make again.
    return (await store.packCount()) >= maxPacks ? await emptyStore(gitdir, url) : store;
  }

  return {
    async use(options, work) {
      let lock = locks.get(options.url);
      if (!lock) locks.set(options.url, (lock = oneAtATime()));
      return await lock(async () => work(mirrorOf(await open(options.url), options)));
    },
  };
}
