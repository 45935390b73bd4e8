import { systemClock, type Clock } from '@fairlead/ports/clock';

/** A clock on which time passes so many times faster, so that a bad minute of a real server takes seconds. */
export function hurriedClock(factor: number): Clock {
  const startMs = systemClock.now();
  return {
    now: () => startMs + (systemClock.now() - startMs) * factor,
    after: (delayMs, callback) => systemClock.after(delayMs / factor, callback),
  };
}
