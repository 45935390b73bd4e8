import type { Acknowledgement, FleetDocuments, Ledger, Signature, Word } from '@fairlead/core/documents';
import type { ApplicationId, CommitSha, Digest, FairleadError } from '@fairlead/core/model';
import type { Placement } from '@fairlead/core/placement';

/** What a ledger file named at one of its commits. */
export interface NamedRelease {
  readonly commit: CommitSha;
  readonly timeMs: number;
  readonly author: string;
  /** The commit's message, its first 16,384 characters. */
  readonly message: string;
  readonly trailers: readonly (readonly [string, string])[];
  readonly digest: Digest;
  readonly version: string;
  readonly definition: CommitSha;
  /** Revision by the source's name. */
  readonly revisions: Readonly<Record<string, string>>;
  /** Who wrote what it brings, where the file says so. */
  readonly authors?: readonly Signature[];
}

/** The content of a definition, since when, and who wrote it. */
export interface Defined {
  readonly digest: Digest;
  readonly since: CommitSha;
  readonly by: Signature;
}

/** The selector of an environment as text, and the commit since which the branch has had it without a break. */
export interface Selecting {
  readonly text: string;
  readonly since: CommitSha;
  /** It took the place of another one. */
  readonly changed: boolean;
}

/** An acknowledgement and the commit that carries it; it counts from that commit on. */
export interface Acknowledged {
  readonly acknowledgement: Acknowledgement;
  readonly commit: CommitSha;
}

/** What a person said of one candidate, and the commit that says it. */
export interface Said {
  readonly kind: Word['kind'];
  readonly candidate: string;
  readonly by: Signature;
  readonly commit: CommitSha;
}

/** What the first-parent history of the branch says, up to a head. Folded commit by commit, oldest first. */
export interface Walked {
  readonly head: CommitSha;
  /** Content of each definition, and the commit since which the branch has had it without a break. */
  readonly definitions: ReadonlyMap<ApplicationId, Defined>;
  /** By environment. */
  readonly selectors: ReadonlyMap<string, Selecting>;
  /** By ENVIRONMENT/TEAM/APPLICATION, newest first: every commit of the ledger file that could be read. */
  readonly named: ReadonlyMap<string, readonly NamedRelease[]>;
  /** By the same key: the commit that deleted the ledger file, while it is away. */
  readonly removed: ReadonlyMap<string, CommitSha>;
  /** By the same key: the commit since which no pipeline leads there any more. */
  readonly left: ReadonlyMap<string, CommitSha>;
  readonly acknowledged: readonly Acknowledged[];
  /** By ENVIRONMENT/TEAM/APPLICATION, oldest first: the last hundred words. */
  readonly said: ReadonlyMap<string, readonly Said[]>;
}

/** The fleet repository at one head: all that planning may know of git. */
export interface FleetSnapshot extends Walked {
  /** Documents in force; of one that is broken now, its last good state. */
  readonly documents: FleetDocuments;
  readonly ledger: Ledger;
  readonly ledgerPath: string;
  readonly placement: Placement;
  /** Everything that is wrong with documents, ledger and placement. */
  readonly problems: readonly FairleadError[];
}
