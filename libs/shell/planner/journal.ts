import { keyOfRelease, recordEntry, type EntryDecision, type EntryRecord } from '@fairlead/core/releases';
import {
  decisionKey,
  inputTroublePrefix,
  needsHand,
  recordKey,
  recordRollout,
  standingsKey,
  type Decided,
  type GatesRecord,
  type RolloutRecord,
  type Standing,
  type Trouble,
} from '@fairlead/core/rollout';
import type { JsonObject } from '@fairlead/core/model';
import type { Change, Store } from '@fairlead/ports/store';
import type { EntryOutcome } from './entry.ts';
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
    why: { reason: why.reason, message: why.message, ...looked(plan?.recheckAfterMs, nowMs) },
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
    ...(entry === undefined
      ? {}
      : { next: { reason: entry.reason, message: entry.message, ...looked(entry.recheckAfterMs, nowMs) } }),
    ...(atTheDoor === undefined ? {} : { candidate: keyOfRelease(atTheDoor.release) }),
    gates: (atTheDoor?.gates ?? []).map(({ gate, verdict, reason, message, recheckAfterMs }) => ({
      gate,
      verdict: verdicts[verdict],
      reason,
      message,
      ...looked(recheckAfterMs, nowMs),
    })),
  };
}

function looked(afterMs: number | undefined, nowMs: number): { lookAtMs?: number } {
  return afterMs === undefined ? {} : { lookAtMs: nowMs + afterMs };
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

/** A decision, and what was kept before it. */
interface NewDecision {
  readonly decided: Decided;
  /** What its entry rests on; undefined where no pipeline leads there. */
  readonly entry: Pick<EntryOutcome, 'input' | 'judged'> | undefined;
  readonly before: Kept;
  readonly nowMs: number;
}

/**
 * The changes that keep a decision; where it is a new one also the lines of the journal, and what they rest on. Whoever
 * shows it is told of each difference: counts and verdicts move without a line of the journal.
 */
export function keepDecision(view: UnitView, decision: NewDecision): Change[] {
  const changes = changesOf(view, decision);
  if (changes.length === 0) return [];
  return [
    ...changes,
    { put: 'outbox', row: { subject: 'decided', payload: { applications: [view.unit.application] } } },
  ];
}

function changesOf(view: UnitView, { before, ...by }: NewDecision): Change[] {
  const { unit } = view;
  const { nowMs } = by;
  const recorded = before.decided?.recorded ?? 0;
  const records = recordsOf(view, { ...by, before: before.decided });
  const count = recorded + records.length;
  const decided: Decided = { ...by.decided, ...(count > 0 && { recorded: count }) };
  const clusters = standingsOf(view);
  const changes: Change[] = [];
  if (JSON.stringify(clusters) !== JSON.stringify(before.standings))
    changes.push({ put: 'fact', key: standingsKey(unit.key), value: { clusters } as unknown as JsonObject });
  if (JSON.stringify(decided) === JSON.stringify(before.decided)) return changes;
  return [
    ...changes,
    { put: 'fact', key: decisionKey(unit.key), value: decided as unknown as JsonObject },
    ...records.map((record, at): Change => {
      const value = { ...record, unit: unit.key, number: recorded + at + 1, atMs: nowMs };
      return { put: 'fact', key: recordKey(unit.key, recorded + at), value: value as unknown as JsonObject };
    }),
    ...keepTrouble(unit, { now: handTrouble(decided), before: handTrouble(before.decided) }),
    ...linesOf(view, { decided, before: before.decided, nowMs }),
  ];
}

/** A fact of its own for what a person has to see to: the few of them are read without all decisions. */
function keepTrouble(
  { key, application, environment }: Unit,
  { now, before }: { now: Trouble | undefined; before: Trouble | undefined },
): Change[] {
  const fact = `${inputTroublePrefix}${key}`;
  if (now !== undefined) {
    const { reason, message } = now;
    return [{ put: 'fact', key: fact, value: { reason, message, application, environment } }];
  }
  return before === undefined ? [] : [{ drop: 'fact', key: fact }];
}

/** What of a decision waits for somebody's hand: what keeps a release out, else what keeps one from spreading. */
function handTrouble(decided: Decided | undefined): Trouble | undefined {
  return [decided?.next, decided?.why].find((one) => one !== undefined && needsHand(one.reason));
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
  return [
    ...(isNewRollout(decided, before) ? [line(`Rollout${decided.state}`, decided.why)] : []),
    ...(decided.next && isNewEntry(decided, before) ? [line('Entry', decided.next)] : []),
  ];
}

/** What the new lines of the journal rest on, as far as it is kept. */
function recordsOf(
  { input, plan }: UnitView,
  { decided, entry, before }: Pick<NewDecision, 'decided' | 'entry'> & { readonly before: Decided | undefined },
): readonly (RolloutRecord | EntryRecord | GatesRecord)[] {
  const rollout = input && plan && isNewRollout(decided, before) ? recordRollout(input, plan) : undefined;
  if (entry === undefined || !isNewEntry(decided, before)) return rollout === undefined ? [] : [rollout];
  // What is in already was let in: how its gates would stand today is of no interest.
  const gates = decided.candidate === undefined ? undefined : entry.judged;
  return [rollout, gates, recordEntry(entry.input)].filter((one) => one !== undefined);
}

function isNewRollout(decided: Decided, before: Decided | undefined): boolean {
  return before?.state !== decided.state || before.why.reason !== decided.why.reason;
}

function isNewEntry(decided: Decided, before: Decided | undefined): boolean {
  return decided.next !== undefined && before?.next?.reason !== decided.next.reason;
}
