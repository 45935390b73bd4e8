import type { Clock } from '@fairlead/ports/clock';

/** Waits, or until the signal. */
export function pause(clock: Clock, forMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(forMs, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
