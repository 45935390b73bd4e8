import type { ClusterName, EnvironmentName, Reason } from '@fairlead/core/model';

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

/** Everything that a gate may look at. */
export interface GateEvidence {
  readonly nowMs: number;
  readonly quorum: 'all' | 'any';
  readonly predecessors: readonly EnvironmentEvidence[];
}

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
  readonly recheckAfterMs?: number;
}

/** One kind of gate: its folder's `index.ts` exports one of these. */
export interface GateKind {
  /** The key in documents. */
  readonly kind: string;
  /** True if the verdict follows from the predecessors alone, so that it is kept when they move on. */
  readonly looksBack: boolean;
  judge(gate: unknown, evidence: GateEvidence): Verdict;
}
