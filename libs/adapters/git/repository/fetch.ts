import type { CommitSha } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import git, { Errors } from 'isomorphic-git';
import { explained, garbled, notFound } from '../failures.ts';
import type { HttpClient } from '../http.ts';
import type { ObjectStore } from '../objects/store.ts';
import { remoteRefs } from '../remote/refs.ts';
import { gitTransport, type Access } from '../remote/transport.ts';
import type { FileLimits, HeldFiles } from './files.ts';
import type { Generations } from './generations.ts';
import type { Committer } from './commits.ts';

/** Bounds of a fleet repository. */
export interface RepositoryLimits extends FileLimits {
  /** What one fetch may bring, compressed. */
  readonly maxPackBytes: number;
  /** From so many packs on the branch is fetched anew as one. */
  readonly maxPacks: number;
}

/** A branch of a repository and what is held of it. */
export interface Branch {
  readonly url: string;
  /** Such as `main`. */
  readonly name: string;
  /** Such as `refs/heads/main`. */
  readonly ref: string;
  readonly http: HttpClient;
  readonly limits: RepositoryLimits;
  readonly held: HeldFiles;
  readonly generations: Generations;
  readonly committer: Omit<Committer, 'timeMs'>;
  /** Text of the private key that commits are signed with; read at each use. */
  readonly signingKey?: (() => Promise<string>) | undefined;
  readonly clock: Clock;
}

/** Where the head that was fetched last is kept: what it leads to is here, whole. */
const fetched = 'refs/fairlead/fetched';

function missing({ url, name }: Branch): Error {
  return notFound(
    url,
    `the branch ${name} in ${url}`,
    'Push it again, or name another branch. The last good state stays.',
  );
}

/** Asks the server for the branch's head. */
export async function headOf(branch: Branch, access: Access): Promise<CommitSha> {
  const { url, ref, http: client } = branch;
  const refs = await remoteRefs(ref, { url, client, access, maxBytes: branch.limits.maxPackBytes });
  const found = refs.find((one) => one.name === ref);
  if (!found) throw missing(branch);
  return found.oid as CommitSha;
}

/** Keeps in mind what a push or a fetch made the head. */
export async function keepHead(branch: Branch, head: string, store: ObjectStore = branch.held.store): Promise<void> {
  await git.writeRef({ ...store.place(), ref: fetched, value: head, force: true });
}

async function bring(branch: Branch, store: ObjectStore, access: Access): Promise<CommitSha> {
  const { url, ref, http: client, limits } = branch;
  const http = gitTransport({ url, client, access, maxBytes: limits.maxPackBytes, wholeHistory: true });
  const options = { ...store.place(), http, url, ref: fetched, remoteRef: ref, singleBranch: true, tags: false };
  const result = await explained(url, git.fetch(options)).catch((error: unknown) => {
    if (error instanceof Errors.NotFoundError) throw missing(branch);
    throw error;
  });
  const { fetchHead } = result;
  if (!fetchHead) throw missing(branch);
  if (!(await store.commit(fetchHead))) throw garbled(url, `the pack does not hold ${fetchHead}`);
  await keepHead(branch, fetchHead, store);
  return fetchHead as CommitSha;
}

/** Brings everything up to the branch's head. */
export async function fetchHead(branch: Branch, access: Access): Promise<CommitSha> {
  const head = await bring(branch, branch.held.store, access);
  if ((await branch.held.store.packCount()) < branch.limits.maxPacks) return head;
  let renewed = head;
  await branch.generations.renew(async (store) => {
    renewed = await bring(branch, store, access);
  });
  return renewed;
}
