import { keyOfRelease, type EntryDecision } from '@fairlead/core/releases';
import {
  decisionKey,
  inputTroublePrefix,
  needsHand,
  standingsKey,
  type Decided,
  type Standing,
  type Trouble,
} from '@fairlead/core/rollout';
import type { JsonObject } from '@fairlead/core/model';
import type { Change, Store } from '@fairlead/ports/store';
import type { UnitView } from './observe.ts';
import type { Unit } from './units.ts';

/** How many clusters a decision names. */
const shownClusters = 500;

const verdicts = { Passed: 'Pass', Waiting: 'Wait', Failed: 'Fail', Unknown: 'Unknown' } as const;

/** What was decided for a unit, in the shape that is kept. */
export function decidedOf(
  view: UnitView,
  { entry, nowMs }: { entry: EntryDecision | undefined; nowMs: number },
): Decided {
  const { plan, file, unit } = view;
  const nothing: Trouble = entry ?? {
    reason: 'NoCandidate',
    message: `Nothing of ${unit.application} is in ${unit.environment}.`,
  };
  const why = plan ?? nothing;
  // What is in already was let in: how its gates would stand today is of no interest.
  const atTheDoor = entry?.reason === 'NewestAlready' ? undefined : entry?.about;
  return {
    state: plan?.state ?? (file === undefined ? 'Waiting' : 'Held'),
    why: { reason: why.reason, message: why.message },
    waves: (plan?.waves ?? []).map(({ name, state, total, done, inProgress, reason, message }) => ({
      name,
      state,
      total,
      done,
      inProgress,
      reason,
      message,
    })),
    counts: countsOf(view),
    ...(entry === undefined ? {} : { next: { reason: entry.reason, message: entry.message } }),
    ...(atTheDoor === undefined ? {} : { candidate: keyOfRelease(atTheDoor.release) }),
    gates: (atTheDoor?.gates ?? []).map(({ gate, verdict, reason, message, recheckAfterMs }) => ({
      gate,
      verdict: verdicts[verdict],
      reason,
      message,
      ...(recheckAfterMs === undefined ? {} : { lookAtMs: nowMs + recheckAfterMs }),
    })),
  };
}

/** What the clusters that were given the ledger's release say of it. */
function countsOf({ file, placed, rows, statuses }: UnitView): Decided['counts'] {
  const counts = { inSync: 0, healthy: 0 };
  for (const cluster of placed) {
    const entry = rows.get(cluster)?.entry;
    const status = statuses.get(cluster)?.status;
    if (entry === undefined || entry.release !== file?.spec.digest || entry.bundle !== status?.bundle) continue;
    if (status.sync === 'InSync') counts.inSync += 1;
    if (status.health === 'Healthy') counts.healthy += 1;
  }
  return counts;
}

/** Where the clusters stand: those that are not done first, {@link shownClusters} at most. */
export function standingsOf({ plan }: UnitView): readonly Standing[] {
  const views = plan?.clusters ?? [];
  const first = views.filter(({ state }) => state !== 'Done').slice(0, shownClusters);
  const then = views.filter(({ state }) => state === 'Done').slice(0, shownClusters - first.length);
  return [...first, ...then].map(({ cluster, wave, state, reason, message }) => ({
    cluster,
    ...(wave === undefined ? {} : { wave }),
    state,
    reason,
    message,
  }));
}

/** What was kept of a unit before. */
export interface Kept {
  readonly decided: Decided | undefined;
  readonly standings: readonly Standing[] | undefined;
}

/** Reads what is kept of a unit. */
export async function keptOf(store: Store, unit: string): Promise<Kept> {
  const [decided, standings] = await Promise.all([store.fact(decisionKey(unit)), store.fact(standingsKey(unit))]);
  return {
    decided: decided as unknown as Decided | undefined,
    standings: standings?.['clusters'] as Kept['standings'],
  };
}

/** The changes that keep a decision, and the lines of the journal where it is a new one. */
export function keepDecision(
  view: UnitView,
  { decided, before, nowMs }: { decided: Decided; before: Kept; nowMs: number },
): Change[] {
  const { unit } = view;
  const clusters = standingsOf(view);
  const changes: Change[] = [];
  if (JSON.stringify(clusters) !== JSON.stringify(before.standings))
    changes.push({ put: 'fact', key: standingsKey(unit.key), value: { clusters } as unknown as JsonObject });
  if (JSON.stringify(decided) === JSON.stringify(before.decided)) return changes;
  return [
    ...changes,
    { put: 'fact', key: decisionKey(unit.key), value: decided as unknown as JsonObject },
    ...keepTrouble(unit, { now: decided.next, before: before.decided?.next }),
    ...linesOf(view, { decided, before: before.decided, nowMs }),
  ];
}

/** A fact of its own for what a person has to see to: the few of them are read without all decisions. */
function keepTrouble(
  { key, application, environment }: Unit,
  { now, before }: { now: Trouble | undefined; before: Trouble | undefined },
): Change[] {
  const fact = `${inputTroublePrefix}${key}`;
  if (now !== undefined && needsHand(now.reason)) {
    const { reason, message } = now;
    return [{ put: 'fact', key: fact, value: { reason, message, application, environment } }];
  }
  return before !== undefined && needsHand(before.reason) ? [{ drop: 'fact', key: fact }] : [];
}

function linesOf(
  { unit, attempt }: UnitView,
  { decided, before, nowMs }: { decided: Decided; before: Decided | undefined; nowMs: number },
): Change[] {
  const place = { application: unit.application, environment: unit.environment, ...(attempt ? { attempt } : {}) };
  const line = (type: string, { reason, message }: Trouble): Change => ({
    put: 'event',
    row: { atMs: nowMs, type, reason, message, ...place },
  });
  const lines: Change[] = [];
  if (before?.state !== decided.state || before.why.reason !== decided.why.reason)
    lines.push(line(`Rollout${decided.state}`, decided.why));
  if (decided.next && before?.next?.reason !== decided.next.reason) lines.push(line('Entry', decided.next));
  return lines;
}
