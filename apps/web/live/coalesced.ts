import { pause, pauseMs } from './pause.ts';

/** How often work is done. */
export interface Pace {
  /** Between the end of one piece of work and the next one for the same key. */
  readonly leastMs: number;
  /** Before the first one. */
  readonly firstMs?: number;
}

/** What becomes of work that fails. */
export interface Failing {
  /** Whether the same work may succeed later. */
  isPassing(thrown: unknown): boolean;
  onError(thrown: unknown): void;
}

interface Turn {
  again: boolean;
  failures: number;
}

const growth = { firstMs: 1_000, mostMs: 30_000 };

/**
 * One piece of work at a time for each key: what is asked for meanwhile is done once more after it, however often it was
 * asked. So nothing is missed, and a burst of events costs two looks. Work whose failure may pass is done again, after
 * pauses that grow.
 */
export function coalesced(
  work: (key: string) => Promise<void>,
  { leastMs, firstMs = 0, isPassing, onError }: Pace & Failing,
): (key: string) => void {
  const running = new Map<string, Turn>();
  const once = async (key: string, turn: Turn): Promise<void> => {
    turn.again = false;
    try {
      await work(key);
      turn.failures = 0;
    } catch (thrown) {
      onError(thrown);
      turn.failures = isPassing(thrown) ? turn.failures + 1 : 0;
      if (turn.failures > 0) turn.again = true;
    }
  };
  const run = async (key: string, turn: Turn): Promise<void> => {
    if (firstMs > 0) await pause(firstMs);
    do {
      await once(key, turn);
      await pause(turn.failures > 0 ? Math.max(leastMs, pauseMs(turn.failures, growth)) : leastMs);
    } while (turn.again);
    running.delete(key);
  };
  return (key) => {
    const turn = running.get(key);
    if (turn) {
      turn.again = true;
      return;
    }
    const first = { again: false, failures: 0 };
    running.set(key, first);
    void run(key, first);
  };
}
