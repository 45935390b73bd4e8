import type { Source } from '@fairlead/core/model';

/** One file of a source. Symbolic links are resolved inside the root or refused. */
export interface SourceFile {
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

/** Files by path from the root of the repository or package, with `/`; only those under the source's root. */
export type FileTree = ReadonlyMap<string, SourceFile>;

/** What the credentials beside the hub give for one host; never stored, never logged. */
export interface SourceCredentials {
  readonly username?: string;
  readonly password?: string;
}

/** How a call may reach out. */
export interface SourceAccess {
  readonly credentials?: SourceCredentials;
  readonly signal?: AbortSignal;
}

/** What the cheap check found. */
export interface SourceHead {
  /** Commit, chart version or manifest digest that the ref names now. */
  readonly head: string;
  /** The tag or version that a semver or tag ref found, for people. */
  readonly version?: string;
}

/** What was fetched. */
export interface FetchedSource {
  /** The commit since which the ref has had exactly these files under the root, without a break. */
  readonly revision: string;
  readonly head: string;
  readonly files: FileTree;
  /** Who wrote the revision, and what it merged, as far as that is here; empty where a source of this kind does not tell. */
  readonly authors: readonly { readonly name: string; readonly email: string }[];
}

/** One commit of a source, as a changelog shows it. */
export interface SourceChange {
  readonly commit: string;
  /** First line of its message without control characters, at most 200 characters. */
  readonly subject: string;
  /** As git names them, at most 200 characters each. */
  readonly author: { readonly name: string; readonly email: string };
  /** When it was committed, in milliseconds since 1970. */
  readonly timeMs: number;
}

/** Which way a source went from one revision to another, and by which commits. */
export interface SourceChanges {
  /** Newest first, along first parents; only those that changed something under the source's root. */
  readonly commits: readonly SourceChange[];
  /** There are further ones: more than were asked for, or further back than was looked. */
  readonly more: boolean;
  /** The history of `to` leads to `from`: the commits are what came. */
  readonly reached: boolean;
  /** The other way round, the history of `from` leads to `to`: the commits are what was taken out. */
  readonly back: boolean;
}

/** From which revision to which; each is a commit that a ledger pins. */
export interface ChangesRequest extends SourceAccess {
  readonly from: string;
  readonly to: string;
  /** How many commits are told at most, at least 1. */
  readonly most: number;
}

/**
 * One kind of source. Throws `FairleadError` with reason SourceUnavailable (retry backoff), SourceNotFound,
 * SourceRejected, SourceTooLarge or RevisionGone; the subject's `file` is the URL without credentials.
 */
export interface SourceAdapter {
  /** True for the sources that this adapter reads. */
  handles(source: Source): boolean;
  /** One cheap question to the server: what does the ref name now? */
  check(source: Source, access: SourceAccess): Promise<SourceHead>;
  /** Fetches what the ref names now. */
  fetch(source: Source, request: SourceAccess & { readonly head: string }): Promise<FetchedSource>;
  /** Fetches the files of a revision that a ledger pins. */
  fetchRevision(source: Source, request: SourceAccess & { readonly revision: string }): Promise<FileTree>;
  /**
   * The commits of the first-parent history from `to` back to, without, `from`. Where neither leads to the other, as after a
   * rebase, or not within the depth that is looked at, it is neither reached nor back, and the commits are those of `to`
   * since the two parted, or its newest where that is not known either. Throws RevisionGone for a `to` that is nowhere.
   */
  changes(source: Source, request: ChangesRequest): Promise<SourceChanges>;
}
