import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Clock } from '@fairlead/ports/clock';

/**
 * The same clock, whose timers belong to no trace: the next poll is not part of the push that was handled when its timer
 * was set.
 */
export function untracedClock(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    after: (delayMs, callback) => clock.after(delayMs, () => outsideOfTraces(callback)),
  };
}

/** Runs in no trace: for loops that are started while something else is handled. */
export function outsideOfTraces<T>(run: () => T): T {
  return context.with(ROOT_CONTEXT, run);
}
