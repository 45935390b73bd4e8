/** What a loop says of itself at one moment. */
export interface LoopReading {
  /** Whether something waits for the loop, or is in its hands. */
  readonly hasWork: boolean;
  /** How many steps it has finished since it started, good or bad; never goes back. */
  readonly steps: number;
}

/** What is remembered of a loop from one look to the next. */
export interface LoopMemory {
  readonly steps: number;
  readonly lookedAtMs: number;
  /** For how long it was seen with work and without a step. */
  readonly waitedMs: number;
}

/** How a loop is judged. */
export interface LoopLimits {
  /** How long it may have work and finish nothing. */
  readonly limitMs: number;
  /** The pause between two looks; no look counts for more than two of them. */
  readonly lookEveryMs: number;
}

/** `Stalled`: it lives and does nothing. */
export type LoopState = 'Idle' | 'Working' | 'Stalled';

/** What follows from a look. */
export interface LoopVerdict {
  readonly state: LoopState;
  readonly memory: LoopMemory;
}

/**
 * Judges one loop. Only time that was watched counts: a machine that slept, a process that was stopped or a clock that
 * was set makes one look late, and one late look alone raises no alarm. A step that failed is a step: what a loop cannot
 * reach is not its stall.
 */
export function judgeLoop(
  reading: LoopReading,
  at: { readonly before: LoopMemory | undefined; readonly nowMs: number; readonly limits: LoopLimits },
): LoopVerdict {
  const { before, nowMs, limits } = at;
  const { hasWork, steps } = reading;
  const stands = hasWork && before?.steps === steps;
  const watchedMs = before === undefined ? 0 : Math.min(Math.max(nowMs - before.lookedAtMs, 0), 2 * limits.lookEveryMs);
  const waitedMs = stands ? (before?.waitedMs ?? 0) + watchedMs : 0;
  const memory = { steps, lookedAtMs: nowMs, waitedMs };
  if (!hasWork) return { state: 'Idle', memory };
  return { state: waitedMs > limits.limitMs ? 'Stalled' : 'Working', memory };
}
