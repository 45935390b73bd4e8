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

/** How long until the item may be tried: 0 where it has no problem, or one with another manifest than the one that is wanted now. */
export function waitOf({ problem, wanted }: Item, nowMs: number): number {
  if (!problem || problem.digest !== (wanted?.digest ?? '')) return 0;
  return Math.max(0, problem.retryAtMs - nowMs);
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
