import type { Clock } from './port.ts';

/** A clock that stands still until it is told. */
export interface ManualClock extends Clock {
  /** Moves on and fires, in order, what falls due on the way. */
  advance(byMs: number): void;
}

/** Makes a clock that stands at `startMs`. */
export function manualClock(startMs = 0): ManualClock {
  let nowMs = startMs;
  const due = new Set<{ atMs: number; callback: () => void }>();
  return {
    now: () => nowMs,
    after(delayMs, callback) {
      const entry = { atMs: nowMs + Math.max(delayMs, 0), callback };
      due.add(entry);
      return () => void due.delete(entry);
    },
    advance(byMs) {
      const untilMs = nowMs + byMs;
      for (;;) {
        const next = [...due].filter((entry) => entry.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
        if (!next) break;
        nowMs = Math.max(nowMs, next.atMs);
        due.delete(next);
        next.callback();
      }
      nowMs = untilMs;
    },
  };
}
