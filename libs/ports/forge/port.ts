/** A pull request that the hub opened. */
export interface PullRequest {
  readonly number: number;
  /** Where people read it. */
  readonly url: string;
  /** `Closed`: somebody closed it without merging it. */
  readonly state: 'Open' | 'Merged' | 'Closed';
}

/** What people are asked to merge. */
export interface PullRequestText {
  /** A branch of the hub's own, which is on the server by now. */
  readonly branch: string;
  readonly title: string;
  /** Markdown. */
  readonly body: string;
}

/**
 * Pull requests of the fleet repository, into the branch that the hub reads. Throws `FairleadError`: SourceUnavailable
 * (tried again; after as long as the forge asks where it limits), SourceRejected for credentials that it refuses,
 * LedgerUnwritable for what it does not let the hub do.
 */
export interface Forge {
  /** Opens the pull request of a branch, or brings the words of the one that is open up to date. */
  open(request: PullRequestText): Promise<PullRequest>;
  /** How it stands now. Throws SourceNotFound where there is none of the number. */
  look(number: number): Promise<PullRequest>;
  /** Closes it, with the words why. One that is closed or merged stays as it is. */
  close(number: number, why: string): Promise<void>;
}
