import { isVerificationGate, verificationOf, type ClusterName } from '@fairlead/core/model';
import { keyOfRelease } from '@fairlead/core/releases';
import { settleVerification, verificationKey, type Slot, type VerificationMemory } from '@fairlead/core/rollout';
import { hasAnswered, hasSpoken } from '../adopt.ts';
import type { ApplicationRows } from '../board.ts';
import { currentOf, gatesOf, hasNamed } from '../evidence.ts';
import { connectionNow, whyHeld, type UnitView } from '../observe.ts';
import type { Round } from '../round.ts';
import { successorsOf, type Unit } from '../units.ts';
import type { VerificationView } from './evidence.ts';

/** How much of what an agent says of a Job is kept. */
const saidCharacters = 500;

/** Key of the fact that keeps the verifications that ran in a unit. */
export function verificationsKey(unit: string): string {
  return `verification:${unit}`;
}

/** Looks at the environments before an entry. */
export async function verifiedIn(round: Round, units: readonly Unit[]): Promise<readonly VerificationView[]> {
  const views = await Promise.all(units.map((unit) => round.verifications(unit)));
  return views.filter((view) => view !== undefined);
}

/** The verifications that run, or ran, in a unit; undefined where nobody asks for one and none is kept. */
export async function lookAtVerifications(round: Round, unit: Unit): Promise<VerificationView | undefined> {
  const before = (await round.ports.store.fact(verificationsKey(unit.key))) as unknown as
    | VerificationMemory
    | undefined;
  const asking = successorsOf(round.snapshot, unit).filter((at) => gatesOf(round, at).some(isVerificationGate));
  if (before === undefined && asking.length === 0) return undefined;
  const view = await round.observe(unit);
  const release = currentOf(round, view)?.release;
  const rows = await round.rowsOf(verificationOf(unit.application));
  const slots = slotsOf(round, rows);
  const open = release === undefined ? [] : asking.filter((at) => !hasNamed(round, at, release));
  const asked = open.flatMap((at) => gatesOf(round, at).filter(isVerificationGate).map(verificationKey));
  const run = before?.run;
  const contact = run && connectionNow(round, round.clusters.get(run.cluster));
  const isConnected = contact === undefined || contact.connection === 'Connected';
  const said = run === undefined ? undefined : rows.statuses.get(run.cluster)?.status;
  const memory = settleVerification(before ?? { verdicts: [] }, {
    nowMs: round.nowMs,
    hearsSinceMs: round.hearsSinceMs ?? 0,
    candidate: release && keyOfRelease(release),
    asked: new Set(asked),
    isPlaced: run !== undefined && isPlaced(round, { view, cluster: run.cluster }),
    isConnected,
    slot: (run && slots.get(run.cluster)) ?? 'Empty',
    report: said && { ...said, message: (said.problems[0]?.message ?? said.message).slice(0, saidCharacters) },
  });
  const seen = {
    unit,
    memory,
    rows,
    slots,
    isConnected,
    silentAfterMs: isConnected ? contact?.recheckAfterMs : undefined,
  };
  return { ...seen, ...(release && { release }), ...(before && { before }) };
}

/** A cluster that is held keeps what it has, wherever git places it now. */
function isPlaced(
  round: Round,
  { view, cluster }: { readonly view: UnitView; readonly cluster: ClusterName },
): boolean {
  return view.placed.includes(cluster) || whyHeld(round, { unit: view.unit, cluster }) !== undefined;
}

/** What a cluster says that it runs is there, also where the store lost what it was given. */
function slotsOf(round: Round, { rows, statuses }: ApplicationRows): ReadonlyMap<ClusterName, Slot> {
  const slots = new Map<ClusterName, Slot>();
  for (const cluster of statuses.keys()) if (hasSpoken(round, cluster)) slots.set(cluster, 'Given');
  for (const row of rows.values()) {
    const isGone = !statuses.has(row.cluster) && hasAnswered(round, row);
    if (row.entry !== undefined) slots.set(row.cluster, 'Given');
    else if (row.tombstone !== undefined) slots.set(row.cluster, isGone ? 'Empty' : 'Leaving');
  }
  return slots;
}
