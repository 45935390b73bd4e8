import type {
  ClusterName,
  CommitSha,
  Connection,
  Digest,
  HealthState,
  Reason,
  RolloutPolicy,
  SyncState,
} from '@fairlead/core/model';

/** Why something is not as it should be, for people. */
export interface Trouble {
  readonly reason: Reason;
  readonly message: string;
}

/** What a cluster should come to: a bundle, nothing of the application, or unknown and why. */
export type Goal =
  | { readonly kind: 'Bundle'; readonly bundle: Digest }
  | { readonly kind: 'Nothing' }
  | { readonly kind: 'Unknown'; readonly trouble: Trouble };

/** What a cluster was given. `bundle` is undefined for a tombstone. */
export interface Given {
  readonly bundle?: Digest;
  readonly attempt: CommitSha;
  /** True if it was given for another environment. */
  readonly elsewhere: boolean;
  readonly assignedAtMs: number;
  /** Undefined when it was judged alone. */
  readonly wave?: string;
  /** Undefined where the store cannot say; then it counts as having been healthy. */
  readonly healthyBefore?: boolean;
  /** It has not taken it yet, as far as is known: what it said before, or said nothing of, tells nothing about it. */
  readonly unanswered?: true;
}

/** What a cluster last said of the application. */
export interface Report {
  readonly bundle: Digest;
  readonly sync: SyncState;
  readonly health: HealthState;
  readonly reason: Reason;
  /** When this state was entered, by the hub's clock. */
  readonly sinceMs: number;
  /** Since when by the hub's clock it has been in sync and healthy on this bundle; undefined while it is not. */
  readonly healthySinceMs?: number;
}

/** One cluster as the planner sees it. */
export interface RolloutCluster {
  readonly cluster: ClusterName;
  /** The wave that claims it; undefined for a cluster that left the environment. */
  readonly wave?: string;
  readonly goal: Goal;
  /** Bundle of the environment's fallback, for a cluster that joins ahead of its wave. */
  readonly fallback?: Digest;
  readonly given?: Given;
  readonly report?: Report;
  readonly connection: Connection;
  /** Whether its status is known since the store was made. */
  readonly seen: boolean;
  /** Frozen, or Held by name: it keeps what it runs and does not count. */
  readonly held?: Trouble;
}

/**
 * Why the environment's clusters should run something: a promotion may be halted; a return to a release that completed
 * its rollout here has no waves, soaks or windows; a withdrawal takes the application away.
 */
export type RolloutKind = 'Promotion' | 'Return' | 'Withdrawal';

/** Everything that {@link planRollout} looks at. */
export interface RolloutInput {
  readonly nowMs: number;
  readonly policy: RolloutPolicy;
  readonly kind: RolloutKind;
  /** The commit that promoted, returned or withdrew. */
  readonly attempt: CommitSha;
  /** No release has completed its rollout here, so clusters that have nothing of the application count as healthy. */
  readonly first: boolean;
  /** The ledger's word, if it halted this attempt. */
  readonly halted?: Trouble;
  /** Why no wave may start now, such as a window that is shut, and when that changes. */
  readonly waveStartsHeld?: Trouble & { readonly recheckAfterMs?: number };
  /** After the store was lost: until then nobody is skipped as silent. Milliseconds since 1970. */
  readonly graceUntilMs?: number;
  readonly clusters: readonly RolloutCluster[];
  readonly memory?: RolloutMemory;
}

/** What is remembered of a wave. */
export interface WaveMemory {
  readonly name: string;
  readonly beganAtMs: number;
  readonly over: boolean;
  /** Silent when it began, or when their turn came; they catch up, judged alone. */
  readonly skipped: readonly ClusterName[];
}

/** What a rollout has to remember between passes; kept in the store, and rebuilt on the safe side where it was lost. */
export interface RolloutMemory {
  readonly attempt: CommitSha;
  /** `Change`: a difference that came up after the attempt's own rollout was over; it cannot be halted. */
  readonly kind: RolloutKind | 'Change';
  readonly beganAtMs: number;
  readonly over: boolean;
  /** The most clusters that the environment had while it went on: who leaves does not shrink the failure budget. */
  readonly total: number;
  readonly waves: readonly WaveMemory[];
  /** Clusters that spent failure budget, and why. */
  readonly spent: Readonly<Record<string, Reason>>;
  /** Clusters that were unhealthy when a person resumed: judged alone from then on. */
  readonly forgiven: readonly ClusterName[];
  /** Clusters of open waves that were healthy on their bundle: 0, or since when they are not. */
  readonly proven: Readonly<Record<string, number>>;
  /** Set when the rollout halted; `committed` once the ledger said so too. */
  readonly halted?: Trouble & { readonly committed: boolean };
}

/** One thing to give to one cluster now. */
export interface Assign {
  readonly cluster: ClusterName;
  readonly to: 'Goal' | 'Fallback';
  /** Undefined when the cluster is judged alone. */
  readonly wave?: string;
  readonly healthyBefore: boolean;
  /** The bundle stays the same, so nothing is disturbed; the time at which it was given stays too. */
  readonly quiet: boolean;
}

/** Where a wave stands. */
export interface WaveView {
  readonly name: string;
  readonly state: 'Ahead' | 'Open' | 'Soaking' | 'Over';
  readonly total: number;
  readonly counting: number;
  readonly done: number;
  readonly inProgress: number;
  readonly maxConcurrent: number;
  readonly reason: Reason;
  readonly message: string;
}

/** Why a cluster stands where it stands in this rollout. */
export interface ClusterView extends Trouble {
  readonly cluster: ClusterName;
  readonly wave?: string;
  readonly state: 'Held' | 'Assigned' | 'Done' | 'Failed';
  /** It neither spends failure budget nor stops anybody. */
  readonly alone: boolean;
}

/** Counts of one environment for one application. */
export interface RolloutCounts {
  readonly total: number;
  readonly done: number;
  readonly unavailable: number;
  readonly maxUnavailable: number;
  readonly failed: number;
  readonly failureBudget: number;
}

/** What to do now, and why things stand as they do. */
export interface RolloutPlan extends Trouble {
  readonly state: 'Over' | 'Progressing' | 'Soaking' | 'Waiting' | 'Halted';
  readonly assign: readonly Assign[];
  readonly waves: readonly WaveView[];
  readonly clusters: readonly ClusterView[];
  readonly counts: RolloutCounts;
  /** Set in the pass in which the failure budget was spent, until the ledger says it: `cause` is why the clusters failed. */
  readonly halt?: Trouble & { readonly cause: Reason };
  /** Some cluster that counts is unhealthy past progressDeadline, so the release has failed here. */
  readonly failing: boolean;
  readonly memory: RolloutMemory;
  /** When to look again if nothing happens before. */
  readonly recheckAfterMs?: number;
}
