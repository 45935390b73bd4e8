import type { Source } from '@fairlead/core/model';
import type { FetchedSource, FileTree, SourceAccess, SourceAdapter } from '@fairlead/ports/source';
import { notFound } from '../failures.ts';
import { httpClient, type HttpClient, type HttpOptions } from '../http.ts';
import { byteCache, type ByteCache } from '../objects/byteCache.ts';
import type { Commit } from '../objects/store.ts';
import type { TransportOptions } from '../remote/transport.ts';
import { repositoryUrl } from '../remote/url.ts';
import { changesBetween } from './changes.ts';
import { byName, commitOf, gone, isCommitName } from './commits.ts';
import { keepMirrors, type Mirror } from './mirror.ts';
import { findRef, remoteRefOf } from './ref.ts';
import { revisionOf } from './revision.ts';
import { sourceFiles, type SourceLimits } from './tree.ts';

/** Where copies are kept and what bounds them. */
export interface GitSourceOptions {
  /** A folder of its own, which may be deleted at any time while nothing is fetched. */
  readonly folder: string;
  readonly http?: HttpOptions;
  readonly limits?: Partial<SourceLimits>;
  /** Repositories of which a copy is kept. Default: 500. */
  readonly maxMirrors?: number;
}

/** A {@link SourceAdapter} that holds connections open. */
export interface GitSourceAdapter extends SourceAdapter {
  close(): void;
}

const defaultLimits: SourceLimits = {
  maxFiles: 10_000,
  maxFileBytes: 10 * 2 ** 20,
  maxTotalBytes: 128 * 2 ** 20,
  maxPackBytes: 256 * 2 ** 20,
};

const blobCacheBytes = 64 * 2 ** 20;

type GitSource = Extract<Source, { git: unknown }>['git'];

/** What every step of a call needs. */
interface Call {
  readonly git: GitSource;
  readonly root: string;
  readonly limits: SourceLimits;
  readonly options: TransportOptions;
  readonly blobs: ByteCache<string, Uint8Array>;
}

async function filesAt({ git, root, limits, options, blobs }: Call, mirror: Mirror, commit: Commit): Promise<FileTree> {
  const { url } = options;
  const files = await sourceFiles({ store: mirror.store, url, tree: commit.tree, root, limits, blobs });
  // The root is what the digest covers and the path where the render starts: without it there is nothing to render.
  const path = git.path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
  if (path === '' || [...files.keys()].some((file) => file === path || file.startsWith(`${path}/`))) return files;
  throw notFound(
    url,
    `a file under ${path} in ${url}`,
    'Correct the path, or push the files again. The last good state stays.',
  );
}

/** What the ref names now. */
async function headOf(call: Call, mirror: Mirror, remoteRef: string): Promise<Commit> {
  const { url } = call.options;
  const { ref } = call.git;
  if ('commit' in ref) return await commitOf(mirror, { url, revision: ref.commit, remoteRef });
  const oid = await byName(mirror, remoteRef);
  const commit = oid === undefined ? undefined : await mirror.store.commit(oid);
  if (commit) return commit;
  throw notFound(url, `${remoteRef} in ${url}`, 'Push it again, or name another ref. The last good state stays.');
}

/** Who wrote a commit, and what it merged: of a merge on the server its own author is who pressed the button. */
async function authorsOf(mirror: Mirror, revision: string): Promise<Commit['author'][]> {
  const commit = await mirror.store.commit(revision);
  const merged = await Promise.all((commit?.parents ?? []).slice(1).map((parent) => mirror.store.commit(parent)));
  return [commit, ...merged].flatMap((one) => one?.author ?? []);
}

/** Reads git repositories over smart HTTP. */
export function gitSourceAdapter(options: GitSourceOptions): GitSourceAdapter {
  const limits = { ...defaultLimits, ...options.limits };
  const client: HttpClient = httpClient(options.http);
  const blobs = byteCache<string, Uint8Array>(blobCacheBytes);
  const mirrors = keepMirrors(options.folder, options.maxMirrors ?? 500);

  function callFor(source: Source, access: SourceAccess): Call {
    if (!('git' in source)) throw new TypeError('a source of another kind was given to the adapter for git');
    const { git } = source;
    const url = repositoryUrl(git.url);
    const { credentials, signal } = access;
    const transport = { url, client, access: { credentials, signal }, maxBytes: limits.maxPackBytes };
    return { git, root: git.root ?? git.path, limits, options: transport, blobs };
  }

  return {
    handles: (source) => 'git' in source,
    async check(source, access) {
      const { git, options: transport } = callFor(source, access);
      const { head, version } = await findRef(git.ref, transport);
      return version === undefined ? { head } : { head, version };
    },
    async fetch(source, request): Promise<FetchedSource> {
      const call = callFor(source, request);
      return await mirrors.use(call.options, async (mirror) => {
        const remoteRef = await remoteRefOf(call.git.ref, call.options);
        const commit = await headOf(call, mirror, remoteRef);
        const files = await filesAt(call, mirror, commit);
        const revision = await revisionOf(mirror, commit, { remoteRef, root: call.root });
        return { head: commit.oid, revision, files, authors: await authorsOf(mirror, revision) };
      });
    },
    async fetchRevision(source, { revision, ...access }) {
      const call = callFor(source, access);
      const { url } = call.options;
      if (!isCommitName(revision)) throw gone({ url, revision });
      return await mirrors.use(call.options, async (mirror) => {
        const remoteRef = await remoteRefOf(call.git.ref, call.options);
        return await filesAt(call, mirror, await commitOf(mirror, { url, revision, remoteRef }));
      });
    },
    async changes(source, { from, to, most, ...access }) {
      const call = callFor(source, access);
      const { git: place, root, options: transport } = call;
      const { url } = transport;
      if (!isCommitName(to)) throw gone({ url, revision: to });
      return await mirrors.use(transport, async (mirror) => {
        const remoteRef = await remoteRefOf(place.ref, transport);
        return await changesBetween(mirror, { url, root, remoteRef }, { from, to, most });
      });
    },
    close: () => client.close(),
  };
}
