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

/** What is asked of a commit. */
export interface StatusQuestion {
  /** Of a repository at this forge, without credentials. */
  readonly repositoryUrl: string;
  readonly commit: string;
  /** The name of a status, or of a check. */
  readonly context: string;
  /** How long the answer may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** What is said of a commit by one name. `Missing`: nobody has said anything. */
export type CommitStatus = 'Good' | 'Bad' | 'Pending' | 'Missing';

/**
 * Pull requests of the fleet repository, into the branch that the hub reads. Throws `FairleadError`: SourceUnavailable
 * (tried again; after as long as the forge asks where it limits), SourceRejected for credentials that it refuses,
 * LedgerUnwritable for what it does not let the hub do. Beside them, what it knows of commits of any of its repositories.
 */
export interface Forge {
  /** Opens the pull request of a branch, or brings the words of the one that is open up to date. */
  open(request: PullRequestText): Promise<PullRequest>;
  /** How it stands now. Throws SourceNotFound where there is none of the number. */
  look(number: number): Promise<PullRequest>;
  /** Closes it, with the words why. One that is closed or merged stays as it is. */
  close(number: number, why: string): Promise<void>;
  /** What is said of a commit now. Throws SourceNotFound for a commit or repository that the forge does not show. */
  status(question: StatusQuestion): Promise<CommitStatus>;
}
