import type { ApplicationStatus } from '@fairlead/core/model';
import type { StatusRow } from './rows.ts';

/**
 * How far the start of health may wander while it is the same one, in milliseconds: it is reckoned from the agent's
 * duration, and a message takes its time.
 */
export const healthWandersMs = 5_000;

/**
 * The row that is kept where `before` was: a state that goes on keeps its start, and so does health on the same bundle.
 * Every store does this as it writes, so that nobody needs to read a row before it is said anew.
 */
export function goingOn(row: StatusRow, before: StatusRow | undefined): StatusRow {
  if (!before) return row;
  const sinceMs = stateOf(before.status) === stateOf(row.status) ? before.sinceMs : row.sinceMs;
  const isSameHealth =
    row.healthySinceMs !== undefined &&
    before.healthySinceMs !== undefined &&
    before.status.bundle === row.status.bundle &&
    Math.abs(before.healthySinceMs - row.healthySinceMs) <= healthWandersMs;
  return { ...row, sinceMs, ...(isSameHealth && { healthySinceMs: before.healthySinceMs }) };
}

/** What makes a state another state; messages and counts may change within one. */
function stateOf({ sync, health, drift, reason, bundle, release, attempt }: ApplicationStatus): string {
  return [sync, health, drift, reason, bundle, release, attempt].join(' ');
}
