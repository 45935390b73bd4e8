import { canonicalJson, desiredRoot, headBytes } from '@fairlead/core/bundle';
import {
  FairleadError,
  type ClusterName,
  type DesiredEntry,
  type DesiredState,
  type Digest,
  type Position,
  type Tombstone,
} from '@fairlead/core/model';
import type { Assign, Goal } from '@fairlead/core/rollout';
import type { AssignmentRow, Change } from '@fairlead/ports/store';
import { hasAnswered, hasSpoken } from './adopt.ts';
import { acknowledgedOf, entryFor } from './entries.ts';
import { teamGone, teamOf } from './goals.ts';
import { releaseOf, type UnitView } from './observe.ts';
import type { Round } from './round.ts';

/** The rows that a unit's plan changes; their generation is set when the heads are signed. */
export function rowsOfPlan(round: Round, view: UnitView): AssignmentRow[] {
  const changed = new Map<ClusterName, AssignmentRow>(view.adopted.map((row) => [row.cluster, row]));
  const goals = new Map(view.input?.clusters.map(({ cluster, goal, held }) => [cluster, { goal, held }]));
  const settle = settler(round, view);
  for (const row of view.rows.values()) {
    if (row.environment !== view.unit.environment) continue;
    const settled = goals.get(row.cluster)?.held === undefined ? settle(row) : undefined;
    if (settled !== undefined) changed.set(row.cluster, settled);
  }
  for (const assign of view.plan?.assign ?? []) {
    const row = rowOf(round, view, { assign, goal: goals.get(assign.cluster)?.goal });
    if (row !== undefined) changed.set(row.cluster, row);
  }
  return [...changed.values()];
}

/**
 * What follows the head without any rollout: limits of the team, acknowledgements, and the end of a tombstone. The board
 * keeps equal entries once, so each is compared once for all clusters.
 */
function settler(round: Round, { unit, statuses }: UnitView): (row: AssignmentRow) => AssignmentRow | undefined {
  const acknowledged = acknowledgedOf(round.snapshot, unit);
  const { namespaces, allowKinds, denyKinds } = teamOf(round.snapshot, unit);
  // The bounds of a team whose document is gone stay as they were.
  const team = teamGone(round.snapshot, unit) ? undefined : { namespaces, allowKinds, denyKinds };
  const settled = new Map<DesiredEntry, DesiredEntry>();
  const settleEntry = (entry: DesiredEntry): DesiredEntry => {
    const known = settled.get(entry);
    if (known !== undefined) return known;
    const next: DesiredEntry = { ...entry, team: team ?? entry.team, acknowledged };
    const kept = same(next, entry) ? entry : next;
    settled.set(entry, kept);
    return kept;
  };
  return (row) => {
    if (row.entry !== undefined) {
      const entry = settleEntry(row.entry);
      return entry === row.entry ? undefined : { ...row, entry };
    }
    if (row.tombstone === undefined) return undefined;
    if (statuses.get(row.cluster) === undefined && hasAnswered(round, row)) {
      const { tombstone: _, ...empty } = row;
      return empty;
    }
    const tombstone: Tombstone = { ...row.tombstone, acknowledged };
    return same(tombstone, row.tombstone) ? undefined : { ...row, tombstone };
  };
}

function rowOf(
  round: Round,
  view: UnitView,
  { assign, goal }: { assign: Assign; goal: Goal | undefined },
): AssignmentRow | undefined {
  const { unit, attempt } = view;
  const { cluster } = assign;
  const before = view.rows.get(cluster);
  const base = {
    cluster,
    application: unit.application,
    environment: unit.environment,
    generation: 0,
    assignedAtMs: assign.quiet ? (before?.assignedAtMs ?? round.nowMs) : round.nowMs,
    healthyBefore: assign.healthyBefore,
    ...(assign.wave === undefined ? {} : { wave: assign.wave }),
  };
  if (attempt === undefined || goal === undefined) return undefined;
  if (assign.to === 'Fallback') {
    const bundle = view.input?.clusters.find((one) => one.cluster === cluster)?.fallback;
    if (view.fallback === undefined || bundle === undefined) return undefined;
    const release = releaseOf(view.fallback.file);
    return { ...base, entry: entryFor(round.snapshot, { unit, release, bundle, attempt: view.fallback.commit }) };
  }
  if (goal.kind === 'Bundle' && view.file !== undefined) {
    const release = releaseOf(view.file);
    return { ...base, entry: entryFor(round.snapshot, { unit, release, bundle: goal.bundle, attempt }) };
  }
  const commit = view.takers.get(cluster);
  if (goal.kind !== 'Nothing' || commit === undefined) return undefined;
  const acknowledged = acknowledgedOf(round.snapshot, unit);
  return { ...base, tombstone: { application: unit.application, commit, acknowledged } };
}

/** How many clusters are given their desired state in one batch; the first agents apply while the last heads are signed. */
const clustersAtATime = 250;

/**
 * The changes that give rows out, batch by batch: for each cluster whose desired state differs, one head with the next
 * generation, and the doorbell. Clusters whose head is of an older epoch are signed anew. A crash in between is no harm:
 * the next round gives the others what they lack.
 */
export async function* giveOut(round: Round, rows: readonly AssignmentRow[]): AsyncGenerator<readonly Change[]> {
  const byCluster = Map.groupBy(rows, (row) => row.cluster);
  const clusters = [...new Set([...byCluster.keys(), ...outdated(round)])];
  const root = rememberRoots();
  for (let at = 0; at < clusters.length; at += clustersAtATime) {
    const some = clusters.slice(at, at + clustersAtATime);
    const kept = new Map((await round.ports.store.desired(some)).map((one) => [one.row.cluster, one.assignments]));
    const changes: Change[] = [];
    const rung: ClusterName[] = [];
    for (const cluster of some) {
      const own = byCluster.get(cluster) ?? [];
      const given = headFor(round, { cluster, own, kept: kept.get(cluster) ?? [], root });
      changes.push(...given.changes);
      if (given.rings) rung.push(cluster);
    }
    if (rung.length > 0) changes.push({ put: 'outbox', row: { subject: 'desired', payload: { clusters: rung } } });
    yield changes;
  }
}

/** Clusters that run the same have the same root; it is reckoned once for them all. */
function rememberRoots(): (state: DesiredState) => Digest {
  const known = new Map<string, Digest>();
  return (state) => {
    const key = JSON.stringify(state);
    const found = known.get(key) ?? desiredRoot(state);
    if (known.size >= keptRoots) known.clear();
    known.set(key, found);
    return found;
  };
}

const keptRoots = 100;

/** Clusters that have a head of an older epoch and have spoken since the store was found lost. */
function outdated(round: Round): ClusterName[] {
  const { clusters, hub, snapshot } = round;
  return [...clusters.values()]
    .filter(
      ({ position, cluster }) =>
        position !== undefined && position.epoch !== hub.epoch && snapshot.ledger.members.has(cluster),
    )
    .filter(({ cluster }) => hasSpoken(round, cluster))
    .map(({ cluster }) => cluster);
}

interface HeadParts {
  readonly cluster: ClusterName;
  readonly own: readonly AssignmentRow[];
  readonly kept: readonly AssignmentRow[];
  readonly root: (state: DesiredState) => Digest;
}

function headFor(round: Round, { cluster, own, kept, root: rootOf }: HeadParts): { changes: Change[]; rings: boolean } {
  const epoch = round.hub.epoch;
  if (epoch === undefined) {
    throw new FairleadError(`Cannot give anything to ${cluster}: the hub has no epoch.`, {
      code: 'FailedPrecondition',
      reason: 'EpochBehind',
    });
  }
  const merged = new Map([...kept, ...own].map((row) => [row.application, row]));
  const all = [...merged.values()];
  const root = rootOf({
    entries: all.flatMap(({ entry }) => (entry === undefined ? [] : [entry])),
    tombstones: all.flatMap(({ tombstone }) => (tombstone === undefined ? [] : [tombstone])),
  });
  const contact = round.clusters.get(cluster);
  const last = contact?.position?.epoch === epoch ? contact.position : undefined;
  if (last !== undefined && contact?.root === root) {
    // Only what is remembered beside the entry changed: the agent need not hear of it.
    const quiet = own.map((row): Change => ({
      put: 'assignment',
      row: { ...row, generation: generationOf(kept, row) },
    }));
    return { changes: quiet, rings: false };
  }
  const position: Position = { epoch, generation: (last?.generation ?? 0) + 1 };
  const head = round.ports.signer.signHead(headBytes({ cluster, position, root }));
  const fresh = last === undefined ? all : own;
  const rows = fresh.map((row): Change => ({ put: 'assignment', row: { ...row, generation: position.generation } }));
  return { changes: [...rows, { put: 'head', row: { cluster, head, position, root } }], rings: true };
}

function generationOf(kept: readonly AssignmentRow[], row: AssignmentRow): number {
  return kept.find(({ application }) => application === row.application)?.generation ?? row.generation;
}

/** True for values of equal canonical JSON. */
export function same(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
