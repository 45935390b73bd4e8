import { FairleadError, type ApplicationId, type ClusterName } from '@fairlead/core/model';
import type { Change, ContactRow, Store } from '@fairlead/ports/store';

/** A cluster's stream, by the number that the store gave it at its Hello; it is not 0. */
export interface SessionOf {
  readonly cluster: ClusterName;
  readonly session: number;
}

/** What is written of a stream at once. */
export interface ContactWrite {
  readonly contact: Omit<ContactRow, 'cluster'>;
  readonly changes: readonly Change[];
}

/**
 * Writes what is known of a stream, and with it other changes: only as long as the cluster has said no Hello since, or
 * nobody would take it back. Throws Conflict where it has, and what the store throws.
 */
export function writeContact(
  store: Pick<Store, 'write'>,
  { cluster, session }: SessionOf,
  { contact, changes }: ContactWrite,
): Promise<void> {
  return store.write([{ put: 'contact', row: { cluster, ...contact } }, ...changes], { session: { cluster, session } });
}

/** Tells planner and watchers that a cluster is to be looked at, and which of its applications said something. */
export function statusBell(cluster: ClusterName, applications: readonly ApplicationId[] = []): Change {
  return { put: 'outbox', row: { subject: 'statuses', payload: { clusters: [cluster], applications } } };
}

/** Takes it that a newer stream has the row, as `catch`; throws every other error again. */
export function unlessNewer(error: unknown): void {
  if (!(error instanceof FairleadError && error.code === 'Conflict')) throw error;
}
