import { FairleadError, type GitRef, type Source } from '@fairlead/core/model';
import type { ChangesRequest, FileTree, SourceAccess, SourceAdapter, SourceChanges, SourceFile } from './port.ts';

/** What a person pushes to a source. */
export interface SourceCommit {
  /** Changes against the branch's head; `null` deletes. */
  readonly files: Readonly<Record<string, string | null | { readonly executable: string }>>;
  readonly message?: string;
  /** Default: the branch's head; another commit rewrites the branch. */
  readonly parent?: string;
}

/** The server's side of a source in memory, whose branch is `main`. */
export interface MemorySourceServer {
  commit(request: SourceCommit): Promise<string>;
  tag(name: string, commit: string): Promise<void>;
  deleteBranch(): Promise<void>;
  refuseCredentials(on: boolean): void;
  down(on: boolean): void;
}

/** An adapter over one repository in memory, and its server. */
export interface MemorySource {
  readonly adapter: SourceAdapter;
  readonly server: MemorySourceServer;
  /** A source at that repository. */
  source(choice?: { readonly root?: string; readonly path?: string; readonly ref?: GitRef }): Source;
}

type GitSource = Extract<Source, { git: unknown }>['git'];

interface State {
  readonly commits: Map<string, { parent: string | undefined; files: FileTree; message: string; timeMs: number }>;
  readonly tags: Map<string, string>;
  readonly faults: { down: boolean; credentials: boolean };
  branch: string | undefined;
}

const url = 'https://memory.example/source';

function fail(message: string, options: Pick<FairleadError, 'code' | 'reason'>): FairleadError {
  return new FairleadError(`${message} The last good state stays.`, {
    ...options,
    subject: { file: url },
    retry: 'backoff',
  });
}

function gone(revision: string): FairleadError {
  return fail(`Cannot fetch revision ${revision} of ${url}: there is none.`, {
    code: 'NotFound',
    reason: 'RevisionGone',
  });
}

function reach({ faults }: State, { signal }: SourceAccess): void {
  if (signal?.aborted)
    throw fail(`Cannot finish reading ${url}: the call was ended.`, { code: 'Aborted', reason: 'SourceUnavailable' });
  if (faults.down)
    throw fail(`Cannot reach ${url}: it was told to be down.`, { code: 'Unavailable', reason: 'SourceUnavailable' });
  if (faults.credentials)
    throw fail(`Cannot read ${url}: the credentials are refused.`, {
      code: 'Unauthenticated',
      reason: 'SourceRejected',
    });
}

/** Who makes every commit, as in the git servers of the tests. */
const ada = { name: 'Ada', email: 'ada@example.com' };

function gitOf(source: Source): GitSource {
  if ('git' in source) return source.git;
  throw new TypeError('the source in memory is one of git');
}

/** Versions with the same number of parts, without pre-releases: enough for a fake. */
function newestTag(tags: Iterable<string>, range: string): string | undefined {
  const [, least = '0'] = /^>=\s*(\d+)/.exec(range) ?? [];
  const parts = (tag: string): number[] => tag.replace(/^v/, '').split('.').map(Number);
  const fits = [...tags].filter((tag) => /^v?\d+(\.\d+)*$/.test(tag) && (parts(tag)[0] ?? 0) >= Number(least));
  fits.sort((a, b) => parts(b).reduce((order, part, at) => order || part - (parts(a)[at] ?? 0), 0));
  return fits[0];
}

function found(state: State, { ref }: GitSource): { head: string; version?: string } {
  const missing = (what: string): FairleadError =>
    fail(`Cannot find ${what} in ${url}.`, { code: 'NotFound', reason: 'SourceNotFound' });
  if ('commit' in ref) return { head: ref.commit };
  if ('branch' in ref) {
    if (ref.branch === 'main' && state.branch !== undefined) return { head: state.branch };
    throw missing(`the branch ${ref.branch}`);
  }
  const tag = 'tag' in ref ? ref.tag : newestTag(state.tags.keys(), ref.semver);
  const head = state.tags.get(tag ?? '');
  if (tag === undefined || head === undefined) throw missing(`the tag ${'tag' in ref ? ref.tag : ref.semver}`);
  return { head, version: tag };
}

function plain(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function below(files: FileTree, folder: string): FileTree {
  const inside = plain(folder);
  return new Map([...files].filter(([path]) => inside === '' || path === inside || path.startsWith(`${inside}/`)));
}

function filesAt(state: State, git: GitSource, commit: string): FileTree {
  const files = below(state.commits.get(commit)?.files ?? new Map(), git.root ?? git.path);
  if (below(files, git.path).size > 0) return files;
  throw fail(`Cannot find a file under ${git.path} in ${url}.`, { code: 'NotFound', reason: 'SourceNotFound' });
}

function textOf(files: FileTree): string {
  return JSON.stringify([...files].map(([path, file]) => [path, [...file.bytes], file.executable]));
}

function revisionOf(state: State, git: GitSource, head: string): string {
  const root = git.root ?? git.path;
  const at = (commit: string): string => textOf(below(state.commits.get(commit)?.files ?? new Map(), root));
  let oldest = head;
  for (;;) {
    const parent = state.commits.get(oldest)?.parent;
    if (parent === undefined || at(parent) !== at(head)) return oldest;
    oldest = parent;
  }
}

/** A commit and those before it, newest first. */
function lineOf(state: State, start: string): string[] {
  const line: string[] = [];
  for (let at: string | undefined = start; at !== undefined; at = state.commits.get(at)?.parent) line.push(at);
  return line;
}

function changes(state: State, git: GitSource, { from, to, most }: ChangesRequest): SourceChanges {
  const [came, went] = [lineOf(state, to), state.commits.has(from) ? lineOf(state, from) : []];
  const reached = came.includes(from);
  const back = !reached && went.includes(to);
  const line = back ? went : came;
  const parted = line.findIndex((one) => (back ? came : went).includes(one));
  const at = (name: string | undefined): string =>
    textOf(below(state.commits.get(name ?? '')?.files ?? new Map(), git.root ?? git.path));
  const commits = line
    .slice(0, parted < 0 ? undefined : parted)
    .filter((name) => at(name) !== at(state.commits.get(name)?.parent))
    .map((name) => {
      const { message = '', timeMs = 0 } = state.commits.get(name) ?? {};
      return { commit: name, subject: message.split('\n', 1)[0] ?? '', author: ada, timeMs };
    });
  return { commits: commits.slice(0, most), more: parted < 0 || commits.length > most, reached, back };
}

function commit(state: State, { files, message = 'Change', parent = state.branch }: SourceCommit): string {
  const next = new Map<string, SourceFile>(parent === undefined ? [] : state.commits.get(parent)?.files);
  for (const [path, content] of Object.entries(files)) {
    const executable = typeof content === 'object';
    if (content === null) next.delete(path);
    else next.set(path, { bytes: Buffer.from(typeof content === 'object' ? content.executable : content), executable });
  }
  const number = state.commits.size + 1;
  const name = number.toString(16).padStart(40, '0');
  const sorted = new Map([...next].sort(([a], [b]) => (a < b ? -1 : 1)));
  state.commits.set(name, { parent, files: sorted, message, timeMs: number * 1000 });
  state.branch = name;
  return name;
}

/** Makes an empty source. Commits are numbered: the same pushes give the same names. */
export function memorySource(): MemorySource {
  const state: State = {
    commits: new Map(),
    tags: new Map(),
    faults: { down: false, credentials: false },
    branch: undefined,
  };
  const adapter: SourceAdapter = {
    handles: (source) => 'git' in source,
    async check(source, access) {
      reach(state, access);
      return found(state, gitOf(source));
    },
    async fetch(source, access) {
      reach(state, access);
      const git = gitOf(source);
      const { head } = found(state, git);
      const revision = revisionOf(state, git, head);
      return { head, files: filesAt(state, git, head), revision, authors: [ada] };
    },
    async fetchRevision(source, { revision, ...access }) {
      reach(state, access);
      if (state.commits.has(revision)) return filesAt(state, gitOf(source), revision);
      throw gone(revision);
    },
    async changes(source, request) {
      reach(state, request);
      if (state.commits.has(request.to)) return changes(state, gitOf(source), request);
      throw gone(request.to);
    },
  };
  const server: MemorySourceServer = {
    commit: async (request) => commit(state, request),
    tag: async (name, target) => void state.tags.set(name, target),
    deleteBranch: async () => void (state.branch = undefined),
    refuseCredentials: (on) => void (state.faults.credentials = on),
    down: (on) => void (state.faults.down = on),
  };
  const source: MemorySource['source'] = ({ root, path = '.', ref = { branch: 'main' } } = {}) => ({
    git: { url, path, ref, ...(root === undefined ? {} : { root }) },
  });
  return { adapter, server, source };
}
