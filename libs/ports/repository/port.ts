import type { CommitSha } from '@fairlead/core/model';

/** A file at a commit; `oid` names its content, so that what was parsed once need not be parsed again. */
export interface RepositoryFile {
  readonly path: string;
  readonly oid: string;
  readonly text: string;
}

/** One commit, with the files that it changed against its first parent. */
export interface RepositoryCommit {
  readonly commit: CommitSha;
  readonly parents: readonly CommitSha[];
  readonly author: { readonly name: string; readonly email: string };
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly message: string;
  /** Trailers of the message's last paragraph, in order. */
  readonly trailers: readonly (readonly [string, string])[];
  readonly changed: readonly string[];
}

/** A commit to be made. `null` deletes the file. */
export interface CommitDraft {
  readonly message: string;
  readonly files: ReadonlyMap<string, string | null>;
  readonly author?: { readonly name: string; readonly email: string };
}

/** What a push came to. */
export type PushResult =
  | { readonly pushed: true; readonly commits: readonly CommitSha[] }
  | { readonly pushed: false; readonly head: CommitSha };

/** A commit for people to judge, on a branch of the hub's own. */
export interface BranchProposal {
  /** Such as `fairlead/prod/web/shop`: whatever it was before is replaced. Not the branch that is read. */
  readonly branch: string;
  readonly draft: CommitDraft;
}

/** What a push waits for. */
export interface PushOptions {
  /**
   * Asked once `base` was found to be the head still; what it resolves to is called when the connection stands, right
   * before the request that moves the branch is written. What either of them throws ends the push, and nothing is moved.
   */
  readonly permit?: () => Promise<() => void>;
}

/**
 * A branch of a git repository with its whole history, as the fleet and ledger repository. Throws `FairleadError`
 * with SourceUnavailable, SourceNotFound, SourceRejected, HistoryIncomplete, LedgerUnwritable (protected branch).
 */
export interface Repository {
  /** One cheap question to the server. */
  remoteHead(signal?: AbortSignal): Promise<CommitSha>;
  /** Brings the local copy to the branch's head; resolves to it. */
  fetch(signal?: AbortSignal): Promise<CommitSha>;
  /** Text files (by extension `.yaml`, `.yml`) at a commit. */
  files(
    at: CommitSha,
    options?: { readonly under?: string; readonly except?: string },
  ): Promise<readonly RepositoryFile[]>;
  /** One file; undefined when there is none. */
  file(at: CommitSha, path: string): Promise<RepositoryFile | undefined>;
  /** First-parent history from `from` back to (without) `until`, or to the root; newest first. */
  history(
    from: CommitSha,
    options?: { readonly until?: CommitSha; readonly limit?: number },
  ): AsyncIterable<RepositoryCommit>;
  /** True if `ancestor` is `descendant` or in its history. */
  descends(descendant: CommitSha, ancestor: CommitSha): Promise<boolean>;
  /** Makes the commits on `base` one after another and pushes them with one compare-and-swap; all or none. */
  push(base: CommitSha, drafts: readonly CommitDraft[], options?: PushOptions): Promise<PushResult>;
  /** Makes one commit on `base` and sets another branch to it; resolves to the commit. The branch that is read stays. */
  propose(base: CommitSha, proposal: BranchProposal): Promise<CommitSha>;
}
