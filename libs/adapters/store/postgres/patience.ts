import { setTimeout as delay } from 'node:timers/promises';
import { failureOf, storeError } from './errors.ts';

const firstPauseMs = 20;
const longestPauseMs = 1_000;

/** The pause before the try after `tries` failed ones: doubled each time up to a second, and spread by a half. */
export function pauseMs(tries: number): number {
  const full = Math.min(firstPauseMs * 2 ** Math.min(tries, 10), longestPauseMs);
  return full * (0.5 + Math.random() / 2);
}

/** Makes a call again while the server is away or others stand in the way, until patience ends. Throws FairleadError. */
export async function patiently<T>(call: () => Promise<T>, options: { readonly patienceMs: number }): Promise<T> {
  const untilMs = performance.now() + options.patienceMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await call();
    } catch (thrown) {
      const failure = failureOf(thrown);
      const isPassing = failure === 'connection' || failure === 'contention';
      if (!isPassing || performance.now() >= untilMs) throw storeError(thrown);
      await delay(pauseMs(tries));
    }
  }
}
