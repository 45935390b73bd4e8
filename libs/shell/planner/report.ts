import { canonicalJson } from '@fairlead/core/bundle';
import { errorOf, plainError, type FairleadError, type JsonObject, type PlainError } from '@fairlead/core/model';
import type { Store } from '@fairlead/ports/store';

/** What the other roles know of the planner; the fact `planner`. */
export interface PlannerReport {
  /** True once the epoch was settled and every member has its fact: then a name without one is no member. */
  readonly settled: boolean;
  /** What keeps the planner from following git or writing to it now. */
  readonly troubles: readonly FairleadError[];
}

const reportKey = 'planner';

interface ReportFact {
  readonly settled?: boolean;
  readonly troubles?: readonly PlainError[];
}

/** Keeps the report where it says something new, and rings `fleet` then. */
export async function writeReport(store: Store, report: PlannerReport & { readonly head: string }): Promise<void> {
  const { settled, troubles, head } = report;
  const value = { settled, troubles: troubles.map(plainError) } as unknown as JsonObject;
  const before = await store.fact(reportKey);
  if (before !== undefined && canonicalJson(before) === canonicalJson(value)) return;
  await store.write([
    { put: 'fact', key: reportKey, value },
    { put: 'outbox', row: { subject: 'fleet', payload: { head } } },
  ]);
}

/** The last report; nothing is settled, and nothing amiss, where there was none. */
export async function readReport(store: Store): Promise<PlannerReport> {
  const { settled = false, troubles = [] } = ((await store.fact(reportKey)) ?? {}) as ReportFact;
  return { settled, troubles: troubles.map(errorOf) };
}
