import type { Clock } from '@fairlead/ports/clock';

/** Asks again and again, with a pause between; at once when rung. */
export interface Pulse {
  /** Asks now. Rings while a question is out are one more question after it. Resolves when none is left. */
  ring(): Promise<void>;
  stop(): void;
}

/** Options of {@link startPulse}. */
export interface PulseOptions {
  readonly everyMs: number;
  /** True if all went well; pauses double with each failure, up to a minute. Never throws. */
  readonly ask: (signal: AbortSignal) => Promise<boolean>;
}

const longestPauseMs = 60_000;
const doublings = 6;

/** Makes a pulse that is silent until it is rung for the first time. */
export function startPulse(clock: Clock, { everyMs, ask }: PulseOptions): Pulse {
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let again = false;
  let failures = 0;
  let cancel: (() => void) | undefined;

  const run = async (): Promise<void> => {
    while (again && !stopping.signal.aborted) {
      again = false;
      cancel?.();
      failures = (await ask(stopping.signal)) ? 0 : failures + 1;
    }
    if (stopping.signal.aborted) return;
    const pauseMs = Math.min(everyMs * 2 ** Math.min(failures, doublings), Math.max(longestPauseMs, everyMs));
    cancel = clock.after(pauseMs, () => void ring());
  };
  const ring = (): Promise<void> => {
    again = true;
    running ??= run().finally(() => {
      running = undefined;
      // A ring that came after the last look and before this line would otherwise wait for the pause.
      if (again && !stopping.signal.aborted) void ring();
    });
    return running;
  };
  return {
    ring,
    stop() {
      stopping.abort();
      cancel?.();
    },
  };
}
