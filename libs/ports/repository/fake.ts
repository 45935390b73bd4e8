import { FairleadError, type CommitSha } from '@fairlead/core/model';
import type { BranchProposal, CommitDraft, PushResult, Repository, RepositoryCommit, RepositoryFile } from './port.ts';

/** What another person pushes. */
export interface MemoryCommit {
  /** Changes against the parent; `null` deletes. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly message: string;
  /** Default: the branch's head. `null` makes a root commit; anything but the head rewrites the branch. */
  readonly parent?: CommitSha | null;
  /** A second parent. */
  readonly merge?: CommitSha;
}

/** The server's side of a repository that lies in memory, with what can go wrong there. */
export interface MemoryServer {
  commit(request: MemoryCommit): Promise<CommitSha>;
  deleteBranch(): Promise<void>;
  /** Where another branch is; undefined where there is none. */
  branch(name: string): Promise<CommitSha | undefined>;
  /** Refuses pushes, as forges do with protected branches. */
  protect(on: boolean): Promise<void>;
  refuseCredentials(on: boolean): void;
  down(on: boolean): void;
}

/** A repository and its server, in memory. */
export interface MemoryRepository {
  readonly repository: Repository;
  readonly server: MemoryServer;
}

interface Stored {
  readonly commit: Omit<RepositoryCommit, 'changed' | 'trailers'>;
  readonly files: ReadonlyMap<string, string>;
}

interface State {
  readonly commits: Map<CommitSha, Stored>;
  readonly oids: Map<string, string>;
  readonly local: Set<CommitSha>;
  readonly faults: { down: boolean; credentials: boolean; protected: boolean };
  readonly branches: Map<string, CommitSha>;
  head: CommitSha | undefined;
}

const url = 'memory://fleet';
const hub = { name: 'Fairlead hub', email: 'fairlead@localhost' };

function hex(number: number): string {
  return number.toString(16).padStart(40, '0');
}

function fail(
  message: string,
  options: {
    code: 'Unavailable' | 'Unauthenticated' | 'NotFound' | 'PermissionDenied' | 'DataLoss';
    reason: 'SourceUnavailable' | 'SourceRejected' | 'SourceNotFound' | 'LedgerUnwritable' | 'HistoryIncomplete';
  },
): FairleadError {
  return new FairleadError(message, { ...options, subject: { file: url }, retry: 'backoff' });
}

function remoteHead({ faults, head }: State): CommitSha {
  if (faults.down)
    throw fail(`Cannot reach ${url}: it was told to be down. It is tried again.`, {
      code: 'Unavailable',
      reason: 'SourceUnavailable',
    });
  if (faults.credentials)
    throw fail(`Cannot read ${url}: the credentials are refused. Give valid ones.`, {
      code: 'Unauthenticated',
      reason: 'SourceRejected',
    });
  if (head === undefined)
    throw fail(`Cannot find the branch of ${url}: it is deleted. Push it again.`, {
      code: 'NotFound',
      reason: 'SourceNotFound',
    });
  return head;
}

function here(state: State, commit: CommitSha): Stored {
  const stored = state.commits.get(commit);
  if (stored && state.local.has(commit)) return stored;
  throw fail(`Cannot read the history of ${url}: commit ${commit} is not in it. Fetch first.`, {
    code: 'DataLoss',
    reason: 'HistoryIncomplete',
  });
}

function withChanges(
  files: ReadonlyMap<string, string>,
  changes: Iterable<readonly [string, string | null]>,
): Map<string, string> {
  const result = new Map(files);
  for (const [path, content] of changes) {
    if (content === null) result.delete(path);
    else result.set(path, content);
  }
  return new Map([...result].sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface NewCommit {
  readonly parents: readonly CommitSha[];
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly changes: Iterable<readonly [string, string | null]>;
}

function add(state: State, { parents, message, author, changes }: NewCommit): CommitSha {
  const count = state.commits.size + 1;
  const commit = hex(count) as CommitSha;
  const [first] = parents;
  const files = withChanges((first === undefined ? undefined : state.commits.get(first)?.files) ?? new Map(), changes);
  const text = message.endsWith('\n') ? message : `${message}\n`;
  state.commits.set(commit, { commit: { commit, parents, author, timeMs: count * 1000, message: text }, files });
  return commit;
}

function reachable(state: State, from: CommitSha): Set<CommitSha> {
  const seen = new Set([from]);
  for (const commit of seen) for (const parent of state.commits.get(commit)?.commit.parents ?? []) seen.add(parent);
  return seen;
}

function fetch(state: State): CommitSha {
  const head = remoteHead(state);
  for (const commit of reachable(state, head)) state.local.add(commit);
  return head;
}

function fileOf(state: State, path: string, text: string): RepositoryFile {
  const oid = state.oids.get(text) ?? hex(state.oids.size + 1);
  state.oids.set(text, oid);
  return { path, oid, text };
}

/** `Key: value` lines of the last paragraph, if it is not the first. */
function trailersOf(message: string): (readonly [string, string])[] {
  const paragraphs = message.trimEnd().split('\n\n');
  const lines = paragraphs.length < 2 ? [] : (paragraphs.at(-1) ?? '').split('\n');
  return lines.flatMap((line) => {
    const match = /^([A-Za-z0-9-]+): *(.*)$/.exec(line);
    return match ? [[match[1] ?? '', match[2] ?? ''] as const] : [];
  });
}

function described(state: State, stored: Stored): RepositoryCommit {
  const [first] = stored.commit.parents;
  const before = first === undefined ? new Map<string, string>() : here(state, first).files;
  const paths = new Set([...before.keys(), ...stored.files.keys()]);
  const changed = [...paths].filter((path) => before.get(path) !== stored.files.get(path)).sort();
  return { ...stored.commit, trailers: trailersOf(stored.commit.message), changed };
}

async function* history(
  state: State,
  from: CommitSha,
  options: { until?: CommitSha; limit?: number } = {},
): AsyncGenerator<RepositoryCommit, void, undefined> {
  let commit: CommitSha | undefined = from;
  for (
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    commit !== undefined && commit !== options.until && left > 0;
    left -= 1
  ) {
    const stored = here(state, commit);
    yield described(state, stored);
    commit = stored.commit.parents[0];
  }
}

function push(state: State, base: CommitSha, drafts: readonly CommitDraft[]): PushResult {
  const head = remoteHead(state);
  if (head !== base) return { pushed: false, head };
  if (state.faults.protected)
    throw fail(`Cannot push to the branch of ${url}: the server says "protected branch". Let the hub push to it.`, {
      code: 'PermissionDenied',
      reason: 'LedgerUnwritable',
    });
  const commits: CommitSha[] = [];
  for (const { files, message, author = hub } of drafts) {
    commits.push(add(state, { parents: [commits.at(-1) ?? base], message, author, changes: files }));
  }
  state.head = commits.at(-1) ?? base;
  fetch(state);
  return { pushed: true, commits };
}

function propose(state: State, base: CommitSha, { branch, draft }: BranchProposal): CommitSha {
  remoteHead(state);
  here(state, base);
  const { files, message, author = hub } = draft;
  const commit = add(state, { parents: [base], message, author, changes: files });
  state.branches.set(branch, commit);
  state.local.add(commit);
  return commit;
}

function under(path: string, folder: string): boolean {
  const plain = folder.replace(/^\.?\/*/, '').replace(/\/+$/, '');
  return plain === '' || path.startsWith(`${plain}/`);
}

/** Makes an empty repository without a branch. Commits are numbered: the same pushes give the same names. */
export function memoryRepository(): MemoryRepository {
  const faults = { down: false, credentials: false, protected: false };
  const state: State = {
    commits: new Map(),
    oids: new Map(),
    local: new Set(),
    branches: new Map(),
    faults,
    head: undefined,
  };
  const repository: Repository = {
    remoteHead: async () => remoteHead(state),
    fetch: async () => fetch(state),
    async files(at, options = {}) {
      const { except, under: folder = '' } = options;
      return [...here(state, at).files]
        .filter(
          ([path]) => /\.ya?ml$/.test(path) && under(path, folder) && (except === undefined || !under(path, except)),
        )
        .map(([path, text]) => fileOf(state, path, text));
    },
    async file(at, path) {
      const text = here(state, at).files.get(path);
      return text === undefined ? undefined : fileOf(state, path, text);
    },
    history: (from, options) => history(state, from, options),
    async descends(descendant, ancestor) {
      here(state, descendant);
      return reachable(state, descendant).has(ancestor);
    },
    async push(base, drafts, { permit } = {}) {
      const isDue = drafts.length > 0 && remoteHead(state) === base;
      const go = isDue ? await permit?.() : undefined;
      go?.();
      return push(state, base, drafts);
    },
    propose: async (base, proposal) => propose(state, base, proposal),
  };
  const server: MemoryServer = {
    async commit({ files, message, parent = state.head ?? null, merge }) {
      const parents = [...(parent === null ? [] : [parent]), ...(merge === undefined ? [] : [merge])];
      const author = { name: 'Ada', email: 'ada@example.com' };
      state.head = add(state, { parents, message, author, changes: Object.entries(files) });
      return state.head;
    },
    deleteBranch: async () => void (state.head = undefined),
    branch: async (name) => state.branches.get(name),
    protect: async (on) => void (faults.protected = on),
    refuseCredentials: (on) => void (faults.credentials = on),
    down: (on) => void (faults.down = on),
  };
  return { repository, server };
}
