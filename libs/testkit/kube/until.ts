import { setTimeout as delay } from 'node:timers/promises';

/** Options of {@link until}. */
export interface UntilOptions {
  /** What is waited for, for the message when it does not come: "the Deployment web to be available". */
  readonly what: string;
  readonly timeoutMs?: number;
  readonly pollMs?: number;
}

type Answer<T> = T | undefined | null | false;

/**
 * Waits for a condition of another process, by asking often, and returns its first truthy answer. A throw
 * counts as "not yet". After the timeout (30 s by default) it throws, with the last answer or error.
 * Where an event can be awaited instead, await that.
 */
export async function until<T>(condition: () => Answer<T> | Promise<Answer<T>>, options: UntilOptions): Promise<T> {
  const { what, timeoutMs = 30_000, pollMs = 50 } = options;
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await condition();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= deadline) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`Waited ${timeoutMs} ms for ${what}: last answer was ${seen}`, { cause: last });
    }
    await delay(pollMs);
  }
}
