import type { FairleadError } from '@fairlead/core/model';
import type { Item, Problem } from './item.ts';

/** Bounds of the pause before an object is tried again, in milliseconds. */
const pauses = { firstMs: 500, mostMs: 60_000, refusedMs: 300_000 };

/** The pause after a failure: as the server asked, growing, or long where only a new manifest is likely to help. */
export function problemOf(error: FairleadError, by: { item: Item; nowMs: number }): Problem {
  const digest = by.item.wanted?.digest ?? '';
  const before = by.item.problem?.digest === digest ? by.item.problem.tries : 0;
  const growingMs = Math.min(pauses.mostMs, pauses.firstMs * 2 ** Math.min(before, 20));
  const pauseMs =
    typeof error.retry === 'object'
      ? Math.max(error.retry.afterMs, pauses.firstMs)
      : error.retry === 'never' && before > 0
        ? pauses.refusedMs
        : growingMs;
  return { reason: error.reason, message: error.message, tries: before + 1, retryAtMs: by.nowMs + pauseMs, digest };
}

/** True if the item may be tried now: it has no problem, another manifest than the one that failed, or waited long enough. */
export function mayTry(item: Item, nowMs: number): boolean {
  const { problem } = item;
  return !problem || problem.digest !== (item.wanted?.digest ?? '') || nowMs >= problem.retryAtMs;
}

/** True if nobody knows whether the call took effect. */
export function isUncertain(error: FairleadError): boolean {
  return (
    error.code === 'Unavailable' ||
    error.code === 'DeadlineExceeded' ||
    error.code === 'Internal' ||
    error.code === 'Aborted'
  );
}
