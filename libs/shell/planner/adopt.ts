import type { ClusterName, DesiredEntry } from '@fairlead/core/model';
import type { AssignmentRow, StatusRow } from '@fairlead/ports/store';
import { acknowledgedOf } from './entries.ts';
import { teamOf } from './goals.ts';
import type { Round } from './round.ts';
import type { Unit } from './units.ts';

/** What there is to adopt from. */
export interface AdoptionRequest {
  readonly unit: Unit;
  readonly statuses: ReadonlyMap<ClusterName, StatusRow>;
  readonly rows: ReadonlyMap<ClusterName, AssignmentRow>;
  readonly claim: (cluster: ClusterName) => string;
}

/**
 * Whether the store has the cluster's own word of what it runs, given since the store was lost or set back. Without it what
 * the store says may be of yesterday.
 */
export function hasSpoken({ clusters, hub }: Pick<Round, 'clusters' | 'hub'>, cluster: ClusterName): boolean {
  const { statusDigest, lastHeardAtMs = 0 } = clusters.get(cluster) ?? {};
  return statusDigest !== undefined && lastHeardAtMs >= (hub.recoveredAtMs ?? 0);
}

/** The agent has accepted the head that carried the row. */
export function hasAnswered(
  { clusters, hub }: Pick<Round, 'clusters' | 'hub'>,
  { cluster, generation }: AssignmentRow,
): boolean {
  const acked = clusters.get(cluster)?.ackedPosition;
  return acked !== undefined && acked.epoch === hub.epoch && acked.generation >= generation;
}

/**
 * Rows that a lost store held: a member that reports the application under an attempt of this unit's ledger file was
 * given it by that attempt. What the row cannot say any more, healthyBefore, stays undefined, and so counts as healthy.
 */
export function adoptable(round: Round, { unit, statuses, rows, claim }: AdoptionRequest): AssignmentRow[] {
  const named = round.snapshot.named.get(unit.key) ?? [];
  return [...statuses.values()].flatMap(({ cluster, status, observedAtMs }) => {
    const by = named.find(({ commit }) => commit === status.attempt);
    if (by === undefined || by.digest !== status.release || rows.has(cluster)) return [];
    if (!round.snapshot.ledger.members.has(cluster) || !hasSpoken(round, cluster)) return [];
    const { namespaces, allowKinds, denyKinds } = teamOf(round.snapshot, unit);
    const entry: DesiredEntry = {
      application: unit.application,
      environment: unit.environment,
      release: status.release,
      version: by.version,
      bundle: status.bundle,
      attempt: status.attempt,
      team: { namespaces, allowKinds, denyKinds },
      acknowledged: acknowledgedOf(round.snapshot, unit),
    };
    const { application, environment } = unit;
    return [
      // Its word is what the row is made of, and answers it.
      { cluster, application, environment, entry, generation: 0, assignedAtMs: observedAtMs - 1, wave: claim(cluster) },
    ];
  });
}
