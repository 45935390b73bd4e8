import type { Generated } from 'kysely';

/** The tables, for the statements that Kysely builds. */
export interface Schema {
  readonly cluster: ClusterTable;
  readonly assignment: AssignmentTable;
  readonly status: StatusTable;
  readonly token: TokenTable;
  readonly blob: { readonly used_at: Date; readonly digest: Buffer; readonly secret: boolean; readonly data: Buffer };
  readonly fact: { readonly key: string; readonly value: unknown };
  readonly event: EventTable;
  readonly outbox: OutboxTable;
  readonly instance: { readonly instance: string; readonly role: string; readonly until: Date };
  readonly lead: { readonly one: number; readonly fence: number; readonly holder: string | null; readonly until: Date };
  readonly counter: { readonly shard: number; readonly axis: string; readonly word: string; readonly n: number };
  readonly meta: { readonly key: string; readonly value: string };
}

/** What waits for the bus. */
export interface OutboxTable {
  readonly id: Generated<number>;
  readonly subject: string;
  readonly payload: unknown;
  readonly writer: string;
  readonly put_at: Generated<Date>;
}

/** A member. */
export interface ClusterTable {
  readonly cluster: string;
  readonly session: number;
  readonly sequence: number;
  readonly epoch: number | null;
  readonly generation: number | null;
  readonly acked_epoch: number | null;
  readonly acked_generation: number | null;
  readonly connected_at_ms: number | null;
  readonly last_heard_at_ms: number | null;
  readonly unanswered_since_ms: number | null;
  readonly connected: boolean;
  readonly head_bytes: Buffer | null;
  readonly head_signature: Buffer | null;
  readonly head_key: string | null;
  readonly root: Buffer | null;
  readonly acked_root: Buffer | null;
  readonly status_digest: Buffer | null;
  readonly agent_version: string;
  readonly kubernetes_version: string;
  readonly gateway: string | null;
}

/** What a cluster was given. */
export interface AssignmentTable {
  readonly generation: number;
  readonly assigned_at_ms: number;
  readonly healthy_before: boolean | null;
  readonly cluster: string;
  readonly application: string;
  readonly environment: string;
  readonly wave: string | null;
  readonly entry: unknown;
  readonly tombstone: unknown;
}

/** What a cluster said. */
export interface StatusTable {
  readonly since_ms: number;
  readonly observed_at_ms: number;
  readonly healthy_since_ms: number | null;
  readonly healthy_for_ms: number | null;
  readonly objects: number;
  readonly healthy_objects: number;
  readonly cluster: string;
  readonly application: string;
  readonly sync: string;
  readonly health: string;
  readonly drift: string;
  readonly release: Buffer;
  readonly bundle: Buffer;
  readonly attempt: Buffer;
  readonly reason: string;
  readonly message: string;
  readonly problems: unknown;
}

/** A join token. */
export interface TokenTable {
  readonly hash: Buffer;
  readonly cluster: string;
  readonly labels: unknown;
  readonly made_by: string;
  readonly expires_at_ms: number;
  readonly used_at_ms: number | null;
  readonly used_by: Buffer | null;
}

/** A line of the journal. */
export interface EventTable {
  readonly id: Generated<number>;
  readonly at_ms: number;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly cluster: string | null;
  readonly application: string | null;
  readonly environment: string | null;
  readonly attempt: Buffer | null;
  readonly details: unknown;
}
