import type {
  ApplicationId,
  ClusterName,
  Connection,
  Digest,
  DriftState,
  EnvironmentName,
  HealthState,
  JsonObject,
  Reason,
  SyncState,
} from '@fairlead/core/model';
import type { Message } from '@fairlead/ports/bus';
import type {
  AssignmentRow,
  BlobRow,
  ClusterRow,
  ContactRow,
  EventRow,
  HeadRow,
  OutboxRow,
  StatusRow,
  TokenRow,
} from './rows.ts';

/** One change of one row. A batch of them is written whole or not at all. */
export type Change =
  /**
   * The planner's columns of a cluster; makes its row if there is none. A position before the one that is kept is
   * refused with Conflict (a position never goes back).
   */
  | { readonly put: 'head'; readonly row: HeadRow }
  /** The gateway's columns of a cluster; nothing happens if there is no row. */
  | { readonly put: 'contact'; readonly row: ContactRow }
  | { readonly put: 'assignment'; readonly row: AssignmentRow }
  /** `sinceMs` and `healthySinceMs` of the row that is there stay where they go on, by the rule of `goingOn`. */
  | { readonly put: 'status'; readonly row: StatusRow }
  /** Tokens that ended thirty days before this one will are forgotten with it. */
  | { readonly put: 'token'; readonly row: TokenRow }
  | { readonly put: 'blob'; readonly row: BlobRow }
  /** A small document by key, such as the last head seen; more than 4 MiB of JSON is refused with InvalidInput. */
  | { readonly put: 'fact'; readonly key: string; readonly value: JsonObject }
  | { readonly put: 'event'; readonly row: Omit<EventRow, 'id'> }
  /** Rings the bus after the batch is durable. */
  | { readonly put: 'outbox'; readonly row: Message }
  | { readonly drop: 'cluster'; readonly cluster: ClusterName }
  | { readonly drop: 'assignment' | 'status'; readonly cluster: ClusterName; readonly application: ApplicationId }
  | { readonly drop: 'fact'; readonly key: string }
  | { readonly drop: 'outbox'; readonly ids: readonly number[] };

/** What must hold for a batch to count; otherwise `FairleadError` Conflict and nothing is written. */
export interface Guard {
  /** The session of the cluster's row is still this one. */
  readonly session?: { readonly cluster: ClusterName; readonly session: number };
  /** The fence of the leader is still this one. */
  readonly fence?: number;
  /** The fact is there, and its field is this still (undefined: it has no such field). Who claims work, says so by it. */
  readonly fact?: { readonly key: string; readonly field: string; readonly is: string | number | undefined };
}

/** Who takes a token, and when. */
export interface Claimant {
  /** Digest of the public key that is to be certified. */
  readonly key: Digest;
  readonly nowMs: number;
  /** For how long after the first claim the same key may claim again (its answer was lost). */
  readonly againWithinMs: number;
}

/** How a token was taken. */
export type TokenClaim =
  | { readonly taken: true; readonly row: TokenRow }
  | { readonly taken: false; readonly reason: Extract<Reason, 'TokenInvalid'> }
  | {
      readonly taken: false;
      readonly reason: Extract<Reason, 'TokenExpired' | 'TokenUsed'>;
      /** The cluster that the token was made for. */
      readonly cluster: ClusterName;
    };

/** Which rows a query is for; what is left out matches all. */
export interface RowFilter {
  readonly cluster?: ClusterName;
  readonly application?: ApplicationId;
  readonly environment?: EnvironmentName;
  /** Any of these; none of them matches nothing. */
  readonly clusters?: readonly ClusterName[];
}

/** One application in one cluster. */
export interface RowKey {
  readonly cluster: ClusterName;
  readonly application: ApplicationId;
}

/** Which assignments. */
export interface AssignmentFilter extends RowFilter {
  /** Any of these; none of them matches nothing. */
  readonly keys?: readonly RowKey[];
}

/** Which status rows, in pages. */
export interface StatusFilter extends RowFilter {
  readonly sync?: SyncState;
  readonly health?: HealthState;
  readonly drift?: DriftState;
  /** Where the page before ended: `CLUSTER/TEAM/NAME`. */
  readonly after?: string;
  readonly limit?: number;
}

/** A moment, and after how long a cluster counts as silent or lost by then. Milliseconds. */
export interface HeardAt {
  readonly nowMs: number;
  readonly answerWithinMs: number;
  readonly silentAfterMs: number;
  readonly lostAfterMs: number;
}

/** Status rows of one cluster, counted. */
export interface Tally {
  readonly applications: number;
  readonly inSync: number;
  readonly healthy: number;
}

/** Which members, and which page of them; what is left out matches all. */
export interface ClusterFilter {
  /** Where the page before ended. */
  readonly after?: string;
  readonly limit?: number;
  /** Any of these; none of them matches nothing. */
  readonly names?: readonly ClusterName[];
}

/** What a cluster should run, read in one moment. */
export interface DesiredOf {
  readonly row: ClusterRow;
  /** Sorted by application. */
  readonly assignments: readonly AssignmentRow[];
}

/** Who wants to lead, and for how long unless it asks again. */
export interface Candidate {
  /** Random for each start of a process: a name that comes back after a crash must not. */
  readonly holder: string;
  readonly ttlMs: number;
}

/** A sign of life of one process of a role. */
export interface Beat {
  /** Random for each start of a process. */
  readonly instance: string;
  readonly role: string;
  /** For how long it counts as alive without another beat; 0 says farewell. */
  readonly ttlMs: number;
}

/** What a gateway knows at a Hello. */
export interface Hello {
  readonly agentVersion: string;
  readonly kubernetesVersion: string;
  readonly nowMs: number;
  /** The instance of the gateway; it has beaten before. */
  readonly gateway: string;
}

/** Counts that are kept with the writes and cost nothing to read. */
export interface Counts {
  readonly clusters: number;
  readonly connected: number;
  /** By state word, over all status rows. */
  readonly sync: Readonly<Record<string, number>>;
  readonly health: Readonly<Record<string, number>>;
  readonly drift: Readonly<Record<string, number>>;
}

/** Filter and page of the journal. */
export interface EventQuery extends Omit<RowFilter, 'clusters'> {
  readonly type?: string;
  /** Where the page before ended: later ids, or with `newestFirst` earlier ones. */
  readonly afterId?: number;
  readonly limit: number;
  /** Newest first instead of oldest first. */
  readonly newestFirst?: boolean;
}

/**
 * The record of a hub. Nothing in it is the only copy of a desired state: that follows from git. A write is durable
 * when its promise resolves. Throws `FairleadError`.
 */
export interface Store {
  /** Random, made with the store: tells an empty or replaced store from the one of yesterday. */
  readonly id: string;
  /** The rows are the store's until the promise settles: they must not be changed meanwhile. */
  write(changes: readonly Change[], guard?: Guard): Promise<void>;

  cluster(cluster: ClusterName): Promise<ClusterRow | undefined>;
  /** Sorted by name. */
  clusters(filter?: ClusterFilter): Promise<readonly ClusterRow[]>;
  /** Rows and assignments of many clusters in one consistent read, sorted by name; unknown ones are left out. */
  desired(clusters: readonly ClusterName[]): Promise<readonly DesiredOf[]>;
  /** Atomically raises the session of a cluster by one, makes its row if there is none, and returns the new number. */
  raiseSession(cluster: ClusterName, hello: Hello): Promise<number>;

  /**
   * Takes or renews the lead by the store's clock. Returns the fence, which rises whenever the holder changes: whoever
   * led before writes nothing under the old one. Undefined while another's lease runs.
   */
  lead(candidate: Candidate): Promise<number | undefined>;
  /** Gives the lead up, if it is this holder's; the next one need not wait for the lease to run out. */
  resign(holder: string): Promise<void>;

  /**
   * Registers an instance, or says that it is still there, by the store's clock. True where it was not registered: at
   * its start, or because it was swept meanwhile; then it says anew which streams it holds.
   */
  beat(beat: Beat): Promise<boolean>;
  /**
   * Forgets instances whose time ran out, and marks as not connected the clusters whose gateway is none of those that
   * are left. Returns these clusters, sorted.
   */
  sweepInstances(): Promise<readonly ClusterName[]>;
  /** Instances of a role whose time has not run out, sorted. */
  instances(role: string): Promise<readonly string[]>;

  /** Sorted by cluster, then application. */
  assignments(filter: AssignmentFilter): Promise<readonly AssignmentRow[]>;
  /** Sorted by cluster, then application. */
  statuses(filter: StatusFilter): Promise<readonly StatusRow[]>;
  counts(): Promise<Counts>;
  /** Cluster rows by connection, by the rule of core/connection. */
  connections(at: HeardAt): Promise<Readonly<Record<Connection, number>>>;
  /** Clusters without a status row are left out. */
  tallies(clusters: readonly ClusterName[]): Promise<ReadonlyMap<ClusterName, Tally>>;

  /** Those of the digests that are not kept. The others count as used now: who asks relies on them. */
  missingBlobs(digests: readonly Digest[]): Promise<readonly Digest[]>;
  blobs(digests: readonly Digest[]): Promise<readonly BlobRow[]>;
  /** Bundles that any assignment names; read from all of them, so rarely. */
  assignedBundles(): Promise<readonly Digest[]>;
  /** Blobs that were neither put nor asked for in this time by the store's clock (to the hour), the oldest first. */
  unusedBlobs(filter: { readonly unusedForMs: number; readonly limit: number }): Promise<readonly Digest[]>;
  /** Forgets those of the digests that are still unused for so long, and returns them. */
  dropBlobs(digests: readonly Digest[], filter: { readonly unusedForMs: number }): Promise<readonly Digest[]>;

  fact(key: string): Promise<JsonObject | undefined>;
  /** Those of the keys that are kept. */
  factsOf(keys: readonly string[]): Promise<ReadonlyMap<string, JsonObject>>;
  /** Sorted by key. */
  facts(prefix: string): Promise<ReadonlyMap<string, JsonObject>>;

  /** Takes a token once (again only by the same key, for a short time); durable before it resolves. */
  claimToken(hash: Digest, claimant: Claimant): Promise<TokenClaim>;

  events(query: EventQuery): Promise<readonly EventRow[]>;

  /**
   * Oldest messages that wait for the bus. With `others`, those that another process put are among them only when that is
   * so long ago by the store's clock: every process carries its own, and whoever died leaves some behind.
   */
  outbox(limit: number, others?: { readonly afterMs: number }): Promise<readonly OutboxRow[]>;
  /** Calls back after each batch that put something into the outbox; returns how to stop. */
  onOutbox(callback: () => void): () => void;

  close(): Promise<void>;
}
