import type { LoopReading } from '@fairlead/core/progress';

/** Counts a loop's work, for the watchdog. */
export interface LoopCounter {
  /** Runs one piece of work: it is in the loop's hands until it is over, well or not. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Says that something waits for the loop, or that nothing does any more. */
  waits(isWaiting: boolean): void;
  read(): LoopReading;
}

/** Makes a counter of a loop that has nothing to do. */
export function countLoop(): LoopCounter {
  let steps = 0;
  let running = 0;
  let isWaiting = false;
  return {
    async run(work) {
      running += 1;
      try {
        return await work();
      } finally {
        running -= 1;
        steps += 1;
      }
    },
    waits: (now) => void (isWaiting = now),
    read: () => ({ hasWork: running > 0 || isWaiting, steps }),
  };
}
