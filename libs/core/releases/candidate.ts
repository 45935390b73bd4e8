import type { CommitSha, Digest } from '@fairlead/core/model';

/** A release as a ledger file names it. */
export interface ReleaseRef {
  /** For people. */
  readonly version: string;
  readonly digest: Digest;
  readonly definition: { readonly repository: string; readonly commit: CommitSha };
  readonly sources: Readonly<Record<string, { readonly revision: string; readonly digest: Digest }>>;
  readonly renderer: Readonly<Record<string, string>>;
}

/** What tells candidates apart: the release, and the revisions and definition commit that brought it. */
export interface CandidateIdentity {
  readonly digest: Digest;
  readonly definition: CommitSha;
  /** Revision by the source's name. */
  readonly revisions: Readonly<Record<string, string>>;
}

/**
 * One text for one candidate: equal exactly when release, source revisions and definition commit are. So a revert in a
 * source is a new candidate with an old digest.
 */
export function candidateKey({ digest, definition, revisions }: CandidateIdentity): string {
  const sources = Object.entries(revisions).sort(([a], [b]) => (a < b ? -1 : 1));
  return [digest, definition, ...sources.map(([name, revision]) => `${name}=${revision}`)].join(' ');
}

/** {@link candidateKey} of a release as ledger files write it. */
export function keyOfRelease({ digest, definition, sources }: ReleaseRef): string {
  const revisions = Object.fromEntries(Object.entries(sources).map(([name, { revision }]) => [name, revision]));
  return candidateKey({ digest, definition: definition.commit, revisions });
}

/** A commit of a ledger file, as far as it tells attempts apart. */
export interface NamedCommit extends CandidateIdentity {
  readonly commit: CommitSha;
}

/** One promotion, return or edit that changed the release of an environment. */
export interface Attempt {
  readonly commit: CommitSha;
  readonly key: string;
  readonly digest: Digest;
}

/**
 * The attempts of a ledger file, newest first: of neighbouring commits that name the same candidate only the oldest is
 * one; the others changed a hold, a halt or another decision. `history` is newest first.
 */
export function attemptsOf(history: readonly NamedCommit[]): readonly Attempt[] {
  const attempts: Attempt[] = [];
  for (const named of history) {
    const attempt = { commit: named.commit, key: candidateKey(named), digest: named.digest };
    if (attempts.at(-1)?.key === attempt.key) attempts[attempts.length - 1] = attempt;
    else attempts.push(attempt);
  }
  return attempts;
}
