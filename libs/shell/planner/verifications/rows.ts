import { verificationOf, type ClusterName, type DesiredEntry } from '@fairlead/core/model';
import type { VerificationRun } from '@fairlead/core/rollout';
import type { AssignmentRow } from '@fairlead/ports/store';
import { same } from '../assign.ts';
import { entryFor } from '../entries.ts';
import { teamGone } from '../goals.ts';
import { whyHeld, type UnitView } from '../observe.ts';
import type { Round } from '../round.ts';
import type { Unit } from '../units.ts';
import type { VerificationView } from './evidence.ts';

/** A unit, what is there of verifications, and the one that is to run. */
interface Wanted {
  readonly view: UnitView;
  readonly seen: VerificationView;
  readonly run: VerificationRun | undefined;
}

/**
 * The rows that change so that one cluster has the Job that runs, and no other has any. A cluster that is held keeps what it
 * has, as it does of every application.
 */
export function verificationRows(round: Round, { view, seen, run }: Wanted): AssignmentRow[] {
  const { unit } = view;
  return clustersHere(round, { view, seen, run }).flatMap((cluster): AssignmentRow[] => {
    if (whyHeld(round, { unit, cluster }) !== undefined) return [];
    const before = seen.rows.rows.get(cluster);
    const slot = seen.slots.get(cluster) ?? 'Empty';
    if (run?.phase === 'Running' && run.cluster === cluster) {
      return slot === 'Leaving' ? [] : rowsOfRun(round, { unit, run, before });
    }
    if (slot === 'Given') return [leaving(round, { view, seen, cluster })];
    const isCarriedOut = slot === 'Empty' && before?.tombstone !== undefined;
    if (!isCarriedOut) return [];
    const { tombstone: _, ...empty } = before;
    return [empty];
  });
}

/** Members that this environment gave a verification, or that say that they have one. */
function clustersHere({ snapshot }: Round, { view, seen, run }: Wanted): ClusterName[] {
  const { rows } = seen.rows;
  const own = [...seen.slots.keys()].filter((cluster) => {
    const row = rows.get(cluster);
    return row === undefined ? view.placed.includes(cluster) : row.environment === view.unit.environment;
  });
  return [...new Set([...own, ...(run === undefined ? [] : [run.cluster])])].filter((cluster) =>
    snapshot.ledger.members.has(cluster),
  );
}

function rowsOfRun(
  round: Round,
  { unit, run, before }: { unit: Unit; run: VerificationRun; before: AssignmentRow | undefined },
): AssignmentRow[] {
  const { release, bundle, attempt, cluster } = run;
  const application = verificationOf(unit.application);
  const now = entryFor(round.snapshot, { unit: { ...unit, application }, release, bundle, attempt });
  // The bounds of a team whose document is gone stay as they were.
  const team = teamGone(round.snapshot, unit) ? (before?.entry?.team ?? now.team) : now.team;
  const entry: DesiredEntry = { ...now, team };
  if (before?.entry !== undefined && same(before.entry, entry)) return [];
  const { environment } = unit;
  return [{ cluster, application, environment, entry, generation: 0, assignedAtMs: round.nowMs }];
}

function leaving(
  round: Round,
  { view, seen, cluster }: Omit<Wanted, 'run'> & { readonly cluster: ClusterName },
): AssignmentRow {
  const { environment, application: verified } = view.unit;
  const application = verificationOf(verified);
  const before = seen.rows.rows.get(cluster);
  const said = seen.rows.statuses.get(cluster)?.status.attempt;
  // The commit by which it was there says why it goes: what was to be verified by it is, or is not any more.
  const commit = before?.entry?.attempt ?? said ?? view.attempt ?? round.snapshot.head;
  const tombstone = { application, commit, acknowledged: {} };
  return { cluster, application, environment, tombstone, generation: 0, assignedAtMs: round.nowMs };
}
