import { hostname } from 'node:os';
import { systemClock, type Clock } from '@fairlead/ports/clock';
import type { Repository } from '@fairlead/ports/repository';
import type { SourceCredentials } from '@fairlead/ports/source';
import { httpClient, type HttpOptions } from '../http.ts';
import { oneAtATime } from '../lock.ts';
import { byteCache } from '../objects/byteCache.ts';
import type { Access } from '../remote/transport.ts';
import { repositoryUrl } from '../remote/url.ts';
import { fetchHead, headOf, type Branch, type RepositoryLimits } from './fetch.ts';
import { documentAt, documentsOf, type HeldFiles } from './files.ts';
import { openGenerations } from './generations.ts';
import { commitHere, firstParents, reaches } from './history.ts';
import { pushDrafts, pushProposal } from './push.ts';

/** Which branch of which repository, and where its objects are kept. */
export interface RepositoryOptions {
  /** http or https, without credentials. */
  readonly url: string;
  readonly branch: string;
  /** A folder of its own, which may be deleted at any time while the repository is closed. */
  readonly folder: string;
  /** Read at each use, never kept. */
  readonly credentials?: () => Promise<SourceCredentials | undefined>;
  /** Who commits. Default: `Fairlead hub <fairlead@HOST>`. */
  readonly committer?: { readonly name: string; readonly email: string };
  /** Text of an OpenSSH private key that commits are signed with; read at each use, never kept. */
  readonly signingKey?: () => Promise<string>;
  readonly http?: HttpOptions;
  readonly limits?: Partial<RepositoryLimits>;
  readonly clock?: Clock;
}

/** A {@link Repository} that holds connections open. */
export interface GitRepository extends Repository {
  close(): void;
}

const defaultLimits: RepositoryLimits = {
  maxFiles: 50_000,
  maxFileBytes: 2 ** 20,
  maxTotalBytes: 256 * 2 ** 20,
  maxPackBytes: 512 * 2 ** 20,
  maxPacks: 128,
};

const textCacheBytes = 64 * 2 ** 20;

/**
 * Opens a branch of a repository over smart HTTP, with its whole history in a folder. Nothing is fetched yet. Throws
 * InvalidInput for a URL that cannot be used.
 */
export async function openGitRepository(options: RepositoryOptions): Promise<GitRepository> {
  const url = repositoryUrl(options.url);
  const limits = { ...defaultLimits, ...options.limits };
  const generations = await openGenerations(options.folder, url);
  const held: HeldFiles = {
    get store() {
      return generations.store;
    },
    url,
    limits,
    texts: byteCache(textCacheBytes),
  };
  const branch: Branch = {
    url,
    name: options.branch,
    ref: `refs/heads/${options.branch}`,
    http: httpClient(options.http),
    limits,
    held,
    generations,
    committer: options.committer ?? { name: 'Fairlead hub', email: `fairlead@${hostname()}` },
    signingKey: options.signingKey,
    clock: options.clock ?? systemClock,
  };
  const access = async (signal?: AbortSignal): Promise<Access> => ({
    credentials: await options.credentials?.(),
    signal,
  });
  const alone = oneAtATime();
  return {
    remoteHead: async (signal) => headOf(branch, await access(signal)),
    fetch: (signal) => alone(async () => fetchHead(branch, await access(signal))),
    files: async (at, choice = {}) => documentsOf(held, (await commitHere(held, at)).tree, choice),
    file: async (at, path) => documentAt(held, (await commitHere(held, at)).tree, path),
    history: (from, bounds = {}) => firstParents(held, from, bounds),
    descends: (descendant, ancestor) => reaches(held, descendant, ancestor),
    push: (base, drafts, options) =>
      alone(async () => pushDrafts(branch, { base, drafts, ...options }, await access())),
    propose: (base, proposal) => alone(async () => pushProposal(branch, { base, ...proposal }, await access())),
    close: () => branch.http.close(),
  };
}
