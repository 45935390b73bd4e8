import type { ApplicationId, ClusterName, Digest, EnvironmentName, JsonObject, Reason } from '@fairlead/core/model';
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
  | { readonly put: 'status'; readonly row: StatusRow }
  /** Tokens that ended thirty days before this one will are forgotten with it. */
  | { readonly put: 'token'; readonly row: TokenRow }
  | { readonly put: 'blob'; readonly row: BlobRow }
  /** A small document by key, such as the last head seen; at most 1 MiB. */
  | { readonly put: 'fact'; readonly key: string; readonly value: JsonObject }
  | { readonly put: 'event'; readonly row: Omit<EventRow, 'id'> }
  /** Rings the bus after the batch is durable. */
  | { readonly put: 'outbox'; readonly row: Omit<OutboxRow, 'id'> }
  | { readonly drop: 'cluster'; readonly cluster: ClusterName }
  | { readonly drop: 'assignment' | 'status'; readonly cluster: ClusterName; readonly application: ApplicationId }
  | { readonly drop: 'fact'; readonly key: string }
  | { readonly drop: 'outbox'; readonly id: number };

/** What must hold for a batch to count; otherwise `FairleadError` Conflict and nothing is written. */
export interface Guard {
  /** The session of the cluster's row is still this one. */
  readonly session?: { readonly cluster: ClusterName; readonly session: number };
  /** The fence of the leader is still this one. */
  readonly fence?: number;
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
  | { readonly taken: false; readonly reason: Extract<Reason, 'TokenInvalid' | 'TokenExpired' | 'TokenUsed'> };

/** Which rows a query is for; what is left out matches all. */
export interface RowFilter {
  readonly cluster?: ClusterName;
  readonly application?: ApplicationId;
  readonly environment?: EnvironmentName;
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
export interface EventQuery extends RowFilter {
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
  write(changes: readonly Change[], guard?: Guard): Promise<void>;

  cluster(cluster: ClusterName): Promise<ClusterRow | undefined>;
  /** Sorted by name. */
  clusters(page?: { readonly after?: string; readonly limit?: number }): Promise<readonly ClusterRow[]>;
  /** Atomically raises the session of a cluster by one, makes its row if there is none, and returns the new number. */
  raiseSession(
    cluster: ClusterName,
    facts: { readonly agentVersion: string; readonly kubernetesVersion: string; readonly nowMs: number },
  ): Promise<number>;

  /** Atomically raises the fence by one and returns it: whoever leads with an older one writes nothing any more. */
  raiseFence(): Promise<number>;

  /** Sorted by cluster, then application. */
  assignments(filter: RowFilter): Promise<readonly AssignmentRow[]>;
  /** Sorted by cluster, then application; `after` is `CLUSTER/TEAM/NAME`. */
  statuses(filter: RowFilter & { readonly after?: string; readonly limit?: number }): Promise<readonly StatusRow[]>;
  counts(): Promise<Counts>;

  /** Those of the digests that are not kept. */
  missingBlobs(digests: readonly Digest[]): Promise<readonly Digest[]>;
  blobs(digests: readonly Digest[]): Promise<readonly BlobRow[]>;

  fact(key: string): Promise<JsonObject | undefined>;
  /** Sorted by key. */
  facts(prefix: string): Promise<ReadonlyMap<string, JsonObject>>;

  /** Takes a token once (again only by the same key, for a short time); durable before it resolves. */
  claimToken(hash: Digest, claimant: Claimant): Promise<TokenClaim>;
  /** Sorted by hash. */
  tokens(): Promise<readonly TokenRow[]>;

  events(query: EventQuery): Promise<readonly EventRow[]>;

  /** Oldest messages that wait for the bus. */
  outbox(limit: number): Promise<readonly OutboxRow[]>;
  /** Calls back after each batch that put something into the outbox; returns how to stop. */
  onOutbox(callback: () => void): () => void;

  close(): Promise<void>;
}
