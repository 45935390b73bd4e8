import type { ClusterName, EnvironmentName, Gate, Reason } from '@fairlead/core/model';

/** The kind of a gate: its only key. */
export function kindOfGate(gate: Gate): string {
  return Object.keys(gate)[0] ?? '';
}

/** What one cluster of a predecessor says of a candidate. */
export interface ClusterEvidence {
  readonly cluster: ClusterName;
  /** Silent, frozen, Held by name or judged alone: it does not count, and is named. */
  readonly excluded?: Reason;
  /** Since when it has run the candidate's bundle in sync and healthy; undefined while it does not. */
  readonly healthySinceMs?: number;
}

/** What one environment named by `after` says of a candidate. */
export interface EnvironmentEvidence {
  readonly environment: EnvironmentName;
  /** Its ledger file names the candidate now. */
  readonly named: boolean;
  /** It ended its soak there before the environment moved on: the verdict is kept. */
  readonly kept?: boolean;
  readonly clusters: readonly ClusterEvidence[];
}

/** A person, as git names them. */
export interface Person {
  readonly name: string;
  readonly email: string;
}

/** What people said of a candidate at the door of an environment, and who may. */
export interface ApprovalEvidence {
  /** Approvers of the application's team: who may approve where the gate names nobody. Empty for everybody. */
  readonly approvers: readonly string[];
  /** Approvers of every team, by its name. */
  readonly teams: Readonly<Record<string, readonly string[]>>;
  /** Who approved this candidate here, oldest first. */
  readonly given: readonly Person[];
  /** Who wrote what the candidate brings; undefined where the ledger does not say. */
  readonly authors?: readonly Person[];
}

/** How another application stands in the environment that a candidate wants to enter. */
export interface DependencyEvidence {
  /** Of the release that the ledger names there, for people; undefined for none. */
  readonly version?: string;
  readonly halted: boolean;
  /** Those that the candidate's application runs on. */
  readonly clusters: readonly ClusterEvidence[];
  /** Clusters of the candidate's application that the other one is not meant for. */
  readonly missing: readonly ClusterName[];
}

/** What a server outside, or the forge, said of a candidate, or why it could not be asked. */
export interface Answer {
  readonly outcome: 'Yes' | 'No' | 'NotYet' | 'Unknown';
  /** For people, with values. */
  readonly message: string;
  /** Then it is asked anew. Milliseconds since 1970. */
  readonly goodUntilMs: number;
}

/** What one environment named by `after` says of a candidate's verification. */
export interface VerificationEvidence {
  readonly environment: EnvironmentName;
  /**
   * `Running`: a Job is under way. `Open`: it was not asked for yet. `Elsewhere`: the environment names another release, and
   * this one was never verified there. `Unknown`: it cannot be run, or nothing is heard of it.
   */
  readonly outcome: 'Passed' | 'Failed' | 'Running' | 'Open' | 'Elsewhere' | 'Unknown';
  /** Why it is unknown. */
  readonly reason?: Reason;
  /** For people, with values. */
  readonly message: string;
  readonly recheckAfterMs?: number;
}

/** Everything that gates look at; each is handed only the parts that it declares. */
export interface GateEvidence {
  readonly nowMs: number;
  readonly quorum: 'all' | 'any';
  readonly predecessors: readonly EnvironmentEvidence[];
  readonly approvals: ApprovalEvidence;
  /** Other applications in this environment, by TEAM/NAME. */
  readonly dependencies: Readonly<Record<string, DependencyEvidence>>;
  /** Answers to the questions of gates about this candidate, by `questionKey`. */
  readonly answers: Readonly<Record<string, Answer>>;
  /** What the environments named by `after` say of the candidate's verifications, by `verificationKey`. */
  readonly verifications: Readonly<Record<string, readonly VerificationEvidence[]>>;
  /** Who let this candidate go on where it was paused, oldest first. */
  readonly resumed: readonly Person[];
}

/** A part of {@link GateEvidence} beside the time. */
export type Use = Exclude<keyof GateEvidence, 'nowMs'>;

/** What a gate says of one candidate in one environment. Only `Passed` lets it in. */
export interface Verdict {
  /** The kind of the gate. */
  readonly gate: string;
  readonly verdict: 'Passed' | 'Waiting' | 'Failed' | 'Unknown';
  readonly reason: Reason;
  /** For people, with values. */
  readonly message: string;
  /** For the commit's trailer: `soak=5m ok`. */
  readonly trailer: string;
  /** Clusters that do not count, and why. */
  readonly excluded: readonly { readonly cluster: ClusterName; readonly reason: Reason }[];
  /** When to look again if nothing happens before. */
  readonly recheckAfterMs?: number;
}

/** How long a gate waits for those whom it asks, and how often it asks them; durations in milliseconds. */
export interface Patience {
  /** For one try. */
  readonly timeoutMs: number;
  /** How many tries follow one that came to nothing. */
  readonly retries: number;
  /** Between a try that came to nothing and the next; 0: at once. */
  readonly retryAfterMs: number;
  /** An answer is asked for anew so long after it was given; undefined for one that stays. */
  readonly everyMs?: number;
}

/**
 * One kind of gate: its folder's `index.ts` exports one of these. Judging asks nobody: whatever changes the evidence is an
 * event or the moment that the verdict names.
 */
export interface GateKind<Part extends Use = Use> {
  /** The key in documents. */
  readonly kind: string;
  /**
   * What it looks at beside the time. A verdict that follows from the predecessors is kept when they move on; any other
   * is about the moment of the entry.
   */
  readonly uses: readonly Part[];
  /** How patient a gate of this kind is with others; missing for a kind that asks nobody. */
  readonly patience?: (gate: Gate) => Patience;
  judge(gate: Gate, evidence: Pick<GateEvidence, 'nowMs' | Part>): Verdict;
}
