import type { Reason } from '@fairlead/core/model';
import { isFinal } from './final.ts';
import { answerOf, type View } from './look.ts';
import { givenAt, recheckAt, type Run } from './run.ts';

/**
 * Judges the clusters of an open wave that count and were reached: whoever fails, misses progressDeadline or turns bad
 * spends failure budget, once, and stays spent.
 */
export function judge(run: Run, reached: readonly View[]): void {
  const spent: Record<string, Reason> = { ...run.memory.spent };
  const proven: Record<string, number> = { ...run.memory.proven };
  for (const view of reached) {
    if (view.healthy) proven[view.name] = 0;
    else if (proven[view.name] === 0) proven[view.name] = run.input.nowMs;
    const failed = failureOf(view, { run, badSinceMs: proven[view.name] });
    if (failed !== undefined && spent[view.name] === undefined) spent[view.name] = failed;
  }
  run.memory = { ...run.memory, spent, proven };
}

/** Whether a cluster is unhealthy past progressDeadline, or failed for good. */
export function failureOf(
  view: View,
  { run, badSinceMs }: { run: Run; badSinceMs: number | undefined },
): Reason | undefined {
  if (view.healthy) return undefined;
  // What a silent cluster said last is old; only its deadline speaks.
  const report = view.silent ? undefined : answerOf(view.of);
  if (report !== undefined) {
    if (isFinal(report)) return report.reason;
    if (report.health === 'Degraded') return 'ReconcileFailed';
  }
  const sinceMs = Math.max(givenAt(view), badSinceMs ?? 0);
  const dueMs = sinceMs + run.progressDeadlineMs;
  if (run.input.nowMs >= dueMs) return 'ProgressDeadlineExceeded';
  recheckAt(run, dueMs);
  return undefined;
}

/** Drops what was remembered of clusters whose wave is over. */
export function forgetProven(run: Run, members: readonly View[]): void {
  const proven = { ...run.memory.proven };
  for (const view of members) delete proven[view.name];
  run.memory = { ...run.memory, proven };
}
