import type { CommitSha } from '@fairlead/core/model';
import type { RepositoryCommit } from '@fairlead/ports/repository';
import { failure } from '../failures.ts';
import { emptyTree, type Commit, type ObjectStore } from '../objects/store.ts';
import { changedPaths } from '../objects/trees.ts';
import { trailersOf } from './trailers.ts';

/** A store and the URL that its errors name. */
export interface Held {
  readonly store: ObjectStore;
  readonly url: string;
}

/** A commit that must be here. Throws HistoryIncomplete. */
export async function commitHere({ store, url }: Held, oid: string): Promise<Commit> {
  const commit = await store.commit(oid);
  if (commit) return commit;
  throw failure(
    url,
    `Cannot read the history of ${url}: commit ${oid} is not in it. Push the whole history of the branch again, or correct the document that names the commit.`,
    { code: 'DataLoss', reason: 'HistoryIncomplete', retry: 'backoff' },
  );
}

async function described(held: Held, commit: Commit): Promise<RepositoryCommit> {
  const [parent] = commit.parents;
  const before = parent === undefined ? emptyTree : (await commitHere(held, parent)).tree;
  return {
    commit: commit.oid as CommitSha,
    parents: commit.parents as readonly CommitSha[],
    author: commit.author,
    timeMs: commit.timeMs,
    message: commit.message,
    trailers: trailersOf(commit.message),
    changed: await changedPaths(held.store, { before, after: commit.tree }),
  };
}

/** First parents from `from` on, without `until`. */
export async function* firstParents(
  held: Held,
  from: string,
  options: { readonly until?: string; readonly limit?: number },
): AsyncGenerator<RepositoryCommit, void, undefined> {
  const { until, limit = Number.POSITIVE_INFINITY } = options;
  let oid: string | undefined = from;
  for (let count = 0; oid !== undefined && oid !== until && count < limit; count += 1) {
    const commit: Commit = await commitHere(held, oid);
    yield await described(held, commit);
    oid = commit.parents[0];
  }
}

/** True if `ancestor` is `descendant` or can be reached from it. */
export async function reaches(held: Held, descendant: string, ancestor: string): Promise<boolean> {
  if (descendant === ancestor) return true;
  await commitHere(held, descendant);
  if (!(await held.store.commit(ancestor))) return false;
  // Breadth first: what is asked for is mostly a few commits away. A set is walked in the order in which it grows.
  const seen = new Set([descendant]);
  for (const oid of seen) {
    for (const parent of (await commitHere(held, oid)).parents) {
      if (parent === ancestor) return true;
      seen.add(parent);
    }
  }
  return false;
}
