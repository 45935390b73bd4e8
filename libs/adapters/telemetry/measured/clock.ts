import type { Clock } from '@fairlead/ports/clock';
import { outsideOfTraces } from '../traces/carrier.ts';

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
