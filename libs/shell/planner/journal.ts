import type { EntryDecision } from '@fairlead/core/releases';
import type { Trouble } from '@fairlead/core/rollout';
import type { JsonObject } from '@fairlead/core/model';
import type { Change } from '@fairlead/ports/store';
import type { UnitView } from './observe.ts';

/** The planner's last word on one unit, kept as fact `decision:KEY`; what `why`, status and page read. */
export interface Decided {
  readonly state: string;
  readonly why: Trouble;
  readonly waves: readonly (Trouble & {
    readonly name: string;
    readonly state: string;
    readonly total: number;
    readonly done: number;
    readonly inProgress: number;
  })[];
  /** Those that are not done, at most 500; then those that are. */
  readonly clusters: readonly (Trouble & {
    readonly cluster: string;
    readonly wave?: string;
    readonly state: string;
  })[];
  /** What may enter next. */
  readonly next?: Trouble;
  readonly gates: readonly {
    readonly gate: string;
    readonly verdict: 'Pass' | 'Wait' | 'Fail' | 'Unknown';
    readonly message: string;
  }[];
}

/** How many clusters a decision names. */
const shownClusters = 500;

const verdicts = { Passed: 'Pass', Waiting: 'Wait', Failed: 'Fail', Unknown: 'Unknown' } as const;

/** Key of the fact. */
export function decisionKey(key: string): string {
  return `decision:${key}`;
}

/** What was decided for a unit, in the shape that is kept. */
export function decidedOf({ plan, file, unit }: UnitView, entry: EntryDecision | undefined): Decided {
  const clusters = [...(plan?.clusters ?? [])].sort((a, b) => Number(a.state === 'Done') - Number(b.state === 'Done'));
  const nothing: Trouble = entry ?? {
    reason: 'NoCandidate',
    message: `Nothing of ${unit.application} is in ${unit.environment}.`,
  };
  const why = plan ?? nothing;
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
    clusters: clusters.slice(0, shownClusters).map(({ cluster, wave, state, reason, message }) => ({
      cluster,
      ...(wave === undefined ? {} : { wave }),
      state,
      reason,
      message,
    })),
    ...(entry === undefined ? {} : { next: { reason: entry.reason, message: entry.message } }),
    gates: (entry?.about?.gates ?? []).map(({ gate, verdict, message }) => ({
      gate,
      verdict: verdicts[verdict],
      message,
    })),
  };
}

/** The changes that keep a decision, and the lines of the journal where it is a new one. */
export function keepDecision(
  view: UnitView,
  { decided, before, nowMs }: { decided: Decided; before: Decided | undefined; nowMs: number },
): Change[] {
  if (JSON.stringify(decided) === JSON.stringify(before)) return [];
  const { unit, attempt } = view;
  const changes: Change[] = [{ put: 'fact', key: decisionKey(unit.key), value: decided as unknown as JsonObject }];
  const place = { application: unit.application, environment: unit.environment, ...(attempt ? { attempt } : {}) };
  const line = (type: string, { reason, message }: Trouble): Change => ({
    put: 'event',
    row: { atMs: nowMs, type, reason, message, ...place },
  });
  if (before?.state !== decided.state || before.why.reason !== decided.why.reason)
    changes.push(line(`Rollout${decided.state}`, decided.why));
  if (decided.next && before?.next?.reason !== decided.next.reason) changes.push(line('Entry', decided.next));
  return changes;
}
