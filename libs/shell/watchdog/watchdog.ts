import { judgeLoop, type LoopMemory, type LoopReading, type LoopState } from '@fairlead/core/progress';
import { FairleadError } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';

/** A loop of this process that must not live and do nothing. */
export interface WatchedLoop {
  /** One of a few words, as metric and health show it. */
  readonly name: string;
  /** How long it may have work and finish nothing. */
  readonly limitMs: number;
  /** What it says now. An answer that fails or does not come is no answer: the loop is judged by the next one. */
  read(): LoopReading | Promise<LoopReading>;
}

/** What the watchdog found at its last look. */
export interface LoopReport {
  readonly name: string;
  readonly state: LoopState;
  /** For how long it was seen with work and without a step, in milliseconds. */
  readonly waitedMs: number;
}

/** Looks after loops. */
export interface Watchdog {
  watch(loop: WatchedLoop): void;
  reports(): readonly LoopReport[];
  /** The first loop that stands; undefined while all do their work. */
  stalled(): FairleadError | undefined;
  close(): void;
}

/** Pause between two looks. */
const lookEveryMs = 5_000;

/**
 * A dead-man's alarm: looks at every loop all five seconds (there is no event for what does not happen) and calls
 * `alarm` when one begins to stand, and again with `over` when it goes on.
 */
export function startWatchdog(parts: {
  readonly clock: Clock;
  readonly alarm: (report: LoopReport, change: 'began' | 'over') => void;
}): Watchdog {
  const loops: Watched[] = [];
  let cancel = (): void => undefined;
  const arm = (): void => {
    cancel = parts.clock.after(lookEveryMs, () => {
      for (const one of loops) void lookAt(one, parts);
      arm();
    });
  };
  arm();
  return {
    watch: (loop) => void loops.push({ loop, state: 'Idle', memory: undefined, isAsked: false }),
    reports: () => loops.map(reportOf),
    stalled() {
      const found = loops.find(({ state }) => state === 'Stalled');
      return found && stalledError(reportOf(found));
    },
    close: () => cancel(),
  };
}

interface Watched {
  readonly loop: WatchedLoop;
  state: LoopState;
  memory: LoopMemory | undefined;
  /** An answer is still to come. */
  isAsked: boolean;
}

async function lookAt(one: Watched, { clock, alarm }: Parameters<typeof startWatchdog>[0]): Promise<void> {
  if (one.isAsked) return;
  one.isAsked = true;
  const { loop, memory: before, state: was } = one;
  try {
    const reading = await loop.read();
    const limits = { limitMs: loop.limitMs, lookEveryMs };
    const { state, memory } = judgeLoop(reading, { before, nowMs: clock.now(), limits });
    one.memory = memory;
    one.state = state;
  } catch {
    // Who cannot be asked is not judged: the store that did not answer is told of elsewhere.
  } finally {
    one.isAsked = false;
  }
  if ((was === 'Stalled') !== (one.state === 'Stalled'))
    alarm(reportOf(one), one.state === 'Stalled' ? 'began' : 'over');
}

function reportOf({ loop, state, memory }: Watched): LoopReport {
  return { name: loop.name, state, waitedMs: memory?.waitedMs ?? 0 };
}

/** What is said of a loop that stands. */
export function stalledError({ name, waitedMs }: LoopReport): FairleadError {
  const seconds = Math.round(waitedMs / 1000);
  return new FairleadError(
    `Cannot go on: the loop ${name} has had work for ${seconds} s and finished no step. Restart this process, and keep its log.`,
    { code: 'Unavailable', reason: 'LoopStalled', retry: 'backoff' },
  );
}
