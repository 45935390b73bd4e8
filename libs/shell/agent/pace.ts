import { FairleadError } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';

/** Corrections of drift go before bulk work, and have places of their own. */
export type Urgency = 'correction' | 'bulk';

/** How many calls are under way at a time: as many as the API server takes well. */
export interface Pace {
  /** Runs the work as soon as there is a place. */
  run<Result>(urgency: Urgency, work: () => Promise<Result>): Promise<Result>;
  /** How many bulk calls may be under way now. */
  readonly limit: number;
}

const bounds = { start: 16, least: 2, most: 64, spareForCorrections: 4 };
/** Answers that take longer than this times the usual, and longer than `slowMs`, are a sign of too much at once. */
const slowFactor = 4;
const slowMs = 1000;
const defaultPauseMs = 1000;

/**
 * Additive increase while answers come quickly and every place is taken, a quarter less when they slow down, half on
 * 429, with the pause that the server asked for (as TCP does, RFC 5681). Corrections pass the bulk.
 */
export function createPace(clock: Clock): Pace {
  const waiting: Record<Urgency, (() => void)[]> = { correction: [], bulk: [] };
  let limit = bounds.start;
  let active = 0;
  let usualMs = 0;
  let pausedUntilMs = 0;
  let cutAtMs = Number.NEGATIVE_INFINITY;

  const mayStart = (urgency: Urgency): boolean => {
    const places = Math.floor(limit) + (urgency === 'correction' ? bounds.spareForCorrections : 0);
    return active < places && clock.now() >= pausedUntilMs;
  };
  const next = (): void => {
    for (const urgency of ['correction', 'bulk'] as const) {
      while (waiting[urgency].length > 0 && mayStart(urgency)) {
        active += 1;
        waiting[urgency].shift()?.();
      }
    }
  };
  /** At most one cut in the time that an answer takes: all calls under way tell of the same congestion. */
  const cut = (factor: number): void => {
    const now = clock.now();
    if (now - cutAtMs < Math.max(usualMs, 100)) return;
    cutAtMs = now;
    limit = Math.max(bounds.least, limit * factor);
  };
  const answered = (tookMs: number): void => {
    usualMs = usualMs === 0 ? tookMs : Math.min(usualMs * 1.02 + 0.1, usualMs * 0.9 + tookMs * 0.1);
    if (tookMs > slowMs && tookMs > usualMs * slowFactor) cut(0.75);
    else if (active >= Math.floor(limit)) limit = Math.min(bounds.most, limit + 1 / 2);
  };
  /** A timer may come a moment before the clock says so, and the pause may have grown meanwhile. */
  const resume = (): void => {
    if (clock.now() >= pausedUntilMs) next();
    else clock.after(pausedUntilMs - clock.now(), resume);
  };
  const failed = (error: unknown): void => {
    if (!(error instanceof FairleadError)) return;
    if (error.code === 'ResourceExhausted') {
      const pauseMs = typeof error.retry === 'object' ? error.retry.afterMs : defaultPauseMs;
      pausedUntilMs = Math.max(pausedUntilMs, clock.now() + pauseMs);
      clock.after(pauseMs, resume);
      cut(0.5);
    } else if (error.code === 'Unavailable' || error.code === 'DeadlineExceeded') cut(0.75);
  };

  return {
    get limit() {
      return Math.floor(limit);
    },
    async run(urgency, work) {
      if (waiting[urgency].length > 0 || !mayStart(urgency)) {
        await new Promise<void>((resolve) => waiting[urgency].push(resolve));
      } else active += 1;
      const startedMs = clock.now();
      try {
        const result = await work();
        answered(clock.now() - startedMs);
        return result;
      } catch (error) {
        failed(error);
        throw error;
      } finally {
        active -= 1;
        next();
      }
    },
  };
}
