import { failure } from '../failures.ts';
import type { Commit } from '../objects/store.ts';
import { NotOurRef } from '../remote/transport.ts';
import type { Mirror } from './mirror.ts';
import { deepen, firstDepth } from './revision.ts';

/** Fetches a ref or a commit; undefined when there is none, or the server does not give it out. */
export async function byName(mirror: Mirror, name: string): Promise<string | undefined> {
  try {
    return await mirror.bring(name, firstDepth);
  } catch (error) {
    if (error instanceof NotOurRef) return undefined;
    throw error;
  }
}

/** Which commit is looked for, and the ref in whose history it may be. */
export interface WantedCommit {
  readonly url: string;
  readonly revision: string;
  readonly remoteRef: string;
}

/** The error for a commit that is nowhere. */
export function gone({ url, revision }: Pick<WantedCommit, 'url' | 'revision'>): Error {
  return failure(
    url,
    `Cannot fetch revision ${revision} of ${url}: the server does not give it out, and it is not in the history of the source's ref. Push it again, or promote a newer release.`,
    { code: 'NotFound', reason: 'RevisionGone', retry: 'backoff' },
  );
}

/** True for text that can be the name of a commit. */
export function isCommitName(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** A commit that is asked for by its name, from the server or the history of a ref. Throws RevisionGone. */
export async function commitOf(mirror: Mirror, wanted: WantedCommit): Promise<Commit> {
  // Asked even where the commit is here already: what these credentials may not read must not come from the copy.
  const ref = await byName(mirror, wanted.remoteRef);
  const commit = await lookFor(mirror, { ...wanted, hasRef: ref !== undefined });
  if (commit) return commit;
  throw gone(wanted);
}

/** The same after the server was asked for the ref, which it may not have; undefined for a commit that is nowhere. */
export async function lookFor(
  mirror: Mirror,
  { revision, remoteRef, hasRef }: WantedCommit & { readonly hasRef: boolean },
): Promise<Commit | undefined> {
  const here = () => mirror.store.commit(revision);
  if (!isCommitName(revision)) return undefined;
  if (!(await here())) await byName(mirror, revision);
  if (hasRef) await deepen(mirror, remoteRef, async () => !(await here()));
  return await here();
}
