import type {
  ApplicationId,
  ApplicationStatus,
  ClusterName,
  CommitSha,
  DesiredEntry,
  Digest,
  EnvironmentName,
  JsonObject,
  Position,
  Reason,
  SignedHead,
  Tombstone,
} from '@fairlead/core/model';
import type { Message } from '@fairlead/ports/bus';

/** One member as the hub has heard it. */
export interface ClusterRow {
  readonly cluster: ClusterName;
  /** Raised at each Hello; 0 before the first. */
  readonly session: number;
  /** Sequence of the last StatusDelta that was taken. */
  readonly sequence: number;
  /** What the planner signed last; undefined before the first plan. */
  readonly head?: SignedHead;
  readonly position?: Position;
  /** Root of the planner's last head, and the one that the agent acknowledged. */
  readonly root?: Digest;
  readonly ackedPosition?: Position;
  readonly ackedRoot?: Digest;
  readonly statusDigest?: Digest;
  readonly agentVersion: string;
  readonly kubernetesVersion: string;
  /** Milliseconds since 1970 by the hub's clock. */
  readonly connectedAtMs?: number;
  readonly lastHeardAtMs?: number;
  /** True while a gateway holds its stream. */
  readonly connected: boolean;
  /** The instance of the gateway that holds its stream, or held it last. */
  readonly gateway?: string;
  /** When something was sent that had no answer; counts only where nothing was heard since. */
  readonly unansweredSinceMs?: number;
}

/** What the planner says of a cluster; its own columns of {@link ClusterRow}. */
export type HeadRow = Required<Pick<ClusterRow, 'cluster' | 'head' | 'position' | 'root'>>;

type ContactColumn =
  | 'sequence'
  | 'ackedPosition'
  | 'ackedRoot'
  | 'statusDigest'
  | 'connectedAtMs'
  | 'lastHeardAtMs'
  | 'connected'
  | 'unansweredSinceMs';

/** What a gateway heard of a cluster; its own columns. What is left out stays, an explicit undefined clears. */
export type ContactRow = Pick<ClusterRow, 'cluster'> & {
  readonly [Column in ContactColumn]?: ClusterRow[Column] | undefined;
};

/** What a cluster was given of one application. */
export interface AssignmentRow {
  readonly cluster: ClusterName;
  readonly application: ApplicationId;
  readonly environment: EnvironmentName;
  /** Exactly one of the two, or neither once a tombstone was carried out. */
  readonly entry?: DesiredEntry;
  readonly tombstone?: Tombstone;
  /** Generation of the cluster's position at which this row last changed. */
  readonly generation: number;
  readonly assignedAtMs: number;
  /** The wave that it was assigned in; undefined when it catches up or is judged alone. */
  readonly wave?: string;
  /** Whether it was healthy when it was assigned; undefined where the store cannot say. */
  readonly healthyBefore?: boolean;
}

/** What a cluster last said of one application. */
export interface StatusRow {
  readonly cluster: ClusterName;
  readonly status: ApplicationStatus;
  /** Since when by the hub's clock it has been in sync and healthy on its bundle, from the agent's duration. */
  readonly healthySinceMs?: number;
  /** When this state was entered, and when it was last confirmed. */
  readonly sinceMs: number;
  readonly observedAtMs: number;
}

/** A one-use join token; the token itself is never kept. */
export interface TokenRow {
  /** SHA-256 of the token. */
  readonly hash: Digest;
  readonly cluster: ClusterName;
  readonly labels: Readonly<Record<string, string>>;
  /** Who asked for it. */
  readonly by: string;
  readonly expiresAtMs: number;
  readonly usedAtMs?: number;
  /** Digest of the public key that took it, so that a lost answer can be given again to the same key only. */
  readonly usedBy?: Digest;
}

/** A line of the journal that people read: what happened, and why. */
export interface EventRow {
  /** Rises without end; given by the store. */
  readonly id: number;
  readonly atMs: number;
  readonly type: string;
  readonly reason: Reason;
  readonly message: string;
  readonly cluster?: ClusterName;
  readonly application?: ApplicationId;
  readonly environment?: EnvironmentName;
  readonly attempt?: CommitSha;
  readonly details?: JsonObject;
}

/** A message that leaves with the transaction that caused it. */
export type OutboxRow = Message & { readonly id: number };

/** A blob by digest. `secret` ones are encrypted under the key beside the store. */
export interface BlobRow {
  readonly digest: Digest;
  readonly data: Uint8Array;
  readonly secret: boolean;
}
