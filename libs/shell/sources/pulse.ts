import type { Clock } from '@fairlead/ports/clock';
import { untold, type Steps } from '@fairlead/ports/steps';

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
  /** What a question is called, and who is told of it; nobody unless given. */
  readonly name: string;
  readonly steps?: Steps | undefined;
}

const longestPauseMs = 60_000;
const doublings = 6;

/** Makes a pulse that is silent until it is rung for the first time. */
export function startPulse(clock: Clock, { everyMs, ask, name, steps = untold }: PulseOptions): Pulse {
  const stopping = new AbortController();
  const causes = steps.gather();
  let running: Promise<void> | undefined;
  let again = false;
  let failures = 0;
  let cancel: (() => void) | undefined;

  const run = async (): Promise<void> => {
    while (again && !stopping.signal.aborted) {
      again = false;
      cancel?.();
      const told = { cause: causes.take(), quiet: true };
      const isWell = await steps.run(name, () => ask(stopping.signal), told);
      failures = isWell ? 0 : failures + 1;
    }
    if (stopping.signal.aborted) return;
    const pauseMs = Math.min(everyMs * 2 ** Math.min(failures, doublings), Math.max(longestPauseMs, everyMs));
    cancel = clock.after(pauseMs, () => void ring());
  };
  const ring = (): Promise<void> => {
    causes.add();
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
