import type { ApplicationStatus, Position, SignedHead } from '@fairlead/core/model';
import type { AssignmentRow, ClusterRow, Counts, EventRow, StatusRow, TokenRow } from '@fairlead/ports/store';
import { dense } from '../dense.ts';
import { bytesOf, bytesToDigest, digestOf } from './bytes.ts';
import type { AssignmentTable, ClusterTable, EventTable, StatusTable, TokenTable } from './schema.ts';

/** A row as the port has it. */
export function clusterOf(row: ClusterTable): ClusterRow {
  const head: SignedHead | undefined =
    row.head_bytes && row.head_signature && row.head_key !== null
      ? { bytes: bytesOf(row.head_bytes), signature: bytesOf(row.head_signature), keyId: row.head_key }
      : undefined;
  return dense<ClusterRow>({
    cluster: row.cluster as ClusterRow['cluster'],
    session: row.session,
    sequence: row.sequence,
    head,
    position: positionOf(row.epoch, row.generation),
    root: bytesToDigest(row.root),
    ackedPosition: positionOf(row.acked_epoch, row.acked_generation),
    ackedRoot: bytesToDigest(row.acked_root),
    statusDigest: bytesToDigest(row.status_digest),
    agentVersion: row.agent_version,
    kubernetesVersion: row.kubernetes_version,
    connectedAtMs: row.connected_at_ms,
    lastHeardAtMs: row.last_heard_at_ms,
    connected: row.connected,
    gateway: row.gateway,
    unansweredSinceMs: row.unanswered_since_ms,
  });
}

/** Neither, or both. */
export function positionOf(epoch: number | null, generation: number | null): Position | undefined {
  return epoch === null || generation === null ? undefined : { epoch, generation };
}

/** A row as the port has it. */
export function assignmentOf(row: AssignmentTable): AssignmentRow {
  return dense<AssignmentRow>({
    cluster: row.cluster as AssignmentRow['cluster'],
    application: row.application as AssignmentRow['application'],
    environment: row.environment as AssignmentRow['environment'],
    entry: row.entry as AssignmentRow['entry'],
    tombstone: row.tombstone as AssignmentRow['tombstone'],
    generation: row.generation,
    assignedAtMs: row.assigned_at_ms,
    wave: row.wave,
    healthyBefore: row.healthy_before,
  });
}

/** A row as the port has it. */
export function statusOf(row: StatusTable): StatusRow {
  const status = dense<ApplicationStatus>({
    application: row.application as ApplicationStatus['application'],
    release: digestOf(row.release) as ApplicationStatus['release'],
    bundle: digestOf(row.bundle) as ApplicationStatus['bundle'],
    attempt: row.attempt.toString('hex') as ApplicationStatus['attempt'],
    sync: row.sync as ApplicationStatus['sync'],
    health: row.health as ApplicationStatus['health'],
    drift: row.drift as ApplicationStatus['drift'],
    reason: row.reason as ApplicationStatus['reason'],
    message: row.message,
    objects: row.objects,
    healthyObjects: row.healthy_objects,
    healthyForMs: row.healthy_for_ms,
    problems: (row.problems ?? []) as ApplicationStatus['problems'],
  });
  return dense<StatusRow>({
    cluster: row.cluster as StatusRow['cluster'],
    status,
    healthySinceMs: row.healthy_since_ms,
    sinceMs: row.since_ms,
    observedAtMs: row.observed_at_ms,
  });
}

/** A row as the port has it. */
export function tokenOf(row: TokenTable): TokenRow {
  return dense<TokenRow>({
    hash: digestOf(row.hash) as TokenRow['hash'],
    cluster: row.cluster as TokenRow['cluster'],
    labels: row.labels as TokenRow['labels'],
    by: row.made_by,
    expiresAtMs: row.expires_at_ms,
    usedAtMs: row.used_at_ms,
    usedBy: bytesToDigest(row.used_by),
  });
}

/** A row as the port has it. */
export function eventOf(row: Omit<EventTable, 'id'> & { readonly id: number }): EventRow {
  return dense<EventRow>({
    id: row.id,
    atMs: row.at_ms,
    type: row.type,
    reason: row.reason as EventRow['reason'],
    message: row.message,
    cluster: row.cluster as EventRow['cluster'],
    application: row.application as EventRow['application'],
    environment: row.environment as EventRow['environment'],
    attempt: row.attempt?.toString('hex') as EventRow['attempt'],
    details: row.details as EventRow['details'],
  });
}

/** Counts, from the sum of each word. */
export function countsOf(
  rows: readonly { readonly axis: string; readonly word: string; readonly n: number }[],
): Counts {
  const axis = (name: string): Record<string, number> =>
    Object.fromEntries(rows.filter((row) => row.axis === name && row.n > 0).map((row) => [row.word, row.n]));
  const { all = 0, connected = 0 } = axis('cluster');
  return { clusters: all, connected, sync: axis('sync'), health: axis('health'), drift: axis('drift') };
}
