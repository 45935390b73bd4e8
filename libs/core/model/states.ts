import type { ApplicationId, ClusterName, CommitSha, Digest } from './ids.ts';
import type { ObjectKey } from './objects.ts';
import type { Reason } from './reasons.ts';

/** Whether the hub hears the cluster. */
export type Connection = 'Connected' | 'Silent' | 'Lost' | 'Never';
/** How far the bundle that was assigned has come. */
export type SyncState = 'Held' | 'Assigned' | 'Applying' | 'InSync' | 'OutOfSync' | 'Failed';
/** Whether what runs does what it should. */
export type HealthState = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Missing' | 'Unknown';
/** Whether live objects differ from what was applied. */
export type DriftState = 'None' | 'Corrected' | 'Present' | 'Fighting';

/** A place in a cluster's line of desired states. Never goes back in a cluster. */
export interface Position {
  readonly epoch: number;
  readonly generation: number;
}

/** Negative, zero or positive, as `a` is before, at or after `b`. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.generation - b.generation;
}

/** An object that is not as it should be, for people to read. */
export interface ObjectProblem {
  readonly key: ObjectKey;
  readonly health: HealthState;
  readonly reason: Reason;
  readonly message: string;
}

/** What a cluster says of one application. Durations are as of the moment of sending; no clocks are compared. */
export interface ApplicationStatus {
  readonly application: ApplicationId;
  readonly release: Digest;
  readonly bundle: Digest;
  readonly attempt: CommitSha;
  readonly sync: SyncState;
  readonly health: HealthState;
  readonly drift: DriftState;
  readonly reason: Reason;
  readonly message: string;
  readonly objects: number;
  readonly healthyObjects: number;
  /** How long it has been in sync and healthy on this bundle, without a break; undefined while it is not. */
  readonly healthyForMs?: number;
  /** At most 20, the worst first. */
  readonly problems: readonly ObjectProblem[];
}

/** One difference between the live object and what was applied, or its absence. */
export interface DriftItem {
  readonly application: ApplicationId;
  readonly key: ObjectKey;
  readonly kind: 'Deleted' | 'Changed' | 'TakenOver' | 'Unlabelled';
  /** JSON pointer (RFC 6901); empty for a deletion. */
  readonly pointer: string;
  /** JSON text, masked for Secrets. */
  readonly wanted: string;
  readonly found: string;
  /** The other field manager, where the object still shows it. */
  readonly manager?: string;
  readonly operation?: string;
  /** When the other manager wrote, or when the deletion was seen; milliseconds since 1970, by the cluster's clocks. */
  readonly atMs?: number;
  readonly outcome: 'Corrected' | 'Reported' | 'Damped' | 'Failed';
  /** From the moment it was seen to the server's answer to the correction. */
  readonly tookMs?: number;
}

/** What the hub wants of one application in one cluster. */
export interface DesiredEntry {
  readonly application: ApplicationId;
  readonly environment: string;
  readonly release: Digest;
  /** For people. */
  readonly version: string;
  readonly bundle: Digest;
  readonly attempt: CommitSha;
  /** What the application's team may touch in the cluster; empty lists allow all. */
  readonly team: {
    readonly namespaces: readonly string[];
    readonly allowKinds: readonly string[];
    readonly denyKinds: readonly string[];
  };
  /** Deletions of protected objects that a commit allows: key text → commit. */
  readonly acknowledged: Readonly<Record<string, CommitSha>>;
}

/** The hub's word that an application leaves the cluster. */
export interface Tombstone {
  readonly application: ApplicationId;
  /** The commit that took it away. */
  readonly commit: CommitSha;
  readonly acknowledged: Readonly<Record<string, CommitSha>>;
}

/** Everything that the hub wants of a cluster. Sorted by application. */
export interface DesiredState {
  readonly entries: readonly DesiredEntry[];
  readonly tombstones: readonly Tombstone[];
}

/** What the planner signs: the root follows from the entries and tombstones. */
export interface DesiredHead {
  readonly cluster: ClusterName;
  readonly position: Position;
  readonly root: Digest;
}

/** A head as its exact signed bytes. */
export interface SignedHead {
  /** Canonical JSON of a {@link DesiredHead}. */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly keyId: string;
}
