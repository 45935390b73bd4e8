import { asFairleadError, FairleadError } from '@fairlead/core/model';
import { systemClock, type Clock } from '@fairlead/ports/clock';
import { askHere, openDesks } from './asking.ts';
import { busClosed, openLines } from './lines.ts';
import type { Message } from './messages.ts';
import type { Bus } from './port.ts';

/** A bus that a test can look into, and hurt. */
export interface MemoryBus extends Bus {
  /** Everything that was published, oldest first. */
  readonly published: readonly Message[];
  /** What handlers threw for the last time. */
  readonly failures: readonly FairleadError[];
  /** Resolves when every message has been handled, those included that handlers published meanwhile. */
  settled(): Promise<void>;
  /** Tells every subscriber that messages may be missing. */
  lose(): void;
  /** While it is away, `publish` fails; its end is told to `onRecovered`. */
  away(isAway: boolean): void;
}

/** Options of {@link memoryBus}. */
export interface MemoryBusOptions {
  readonly onError?: (error: unknown) => void;
  readonly queueLimit?: number;
  /** Measures how long answers take; the machine's unless a test drives one. */
  readonly clock?: Pick<Clock, 'after'>;
}

/** A rejected message is delivered again at once: nothing that is under test is worth a wait. */
const impatient: Pick<Clock, 'after'> = {
  after(_, callback) {
    queueMicrotask(callback);
    return () => undefined;
  },
};

/** A bus in memory for tests: nothing doubled, each handler sees one message at a time, and lost is what a test says. */
export function memoryBus(options: MemoryBusOptions = {}): MemoryBus {
  const published: Message[] = [];
  const failures: FairleadError[] = [];
  const recovered = new Set<() => void>();
  const { onError = () => undefined, clock: _, ...bounds } = options;
  const lines = openLines({
    ...bounds,
    clock: impatient,
    onError(error) {
      failures.push(asFairleadError(error));
      onError(error);
    },
  });
  let state: 'up' | 'away' | 'closed' = 'up';
  const desks = openDesks();
  const ask = askHere(desks, options.clock ?? systemClock);
  const assertUp = (what: 'publish' | 'ask'): void => {
    if (state === 'closed') throw busClosed(what);
    if (state === 'away')
      throw new FairleadError(`Cannot ${what}: a test took the bus away.`, {
        code: 'Unavailable',
        reason: 'BusUnavailable',
        retry: 'backoff',
      });
  };
  return {
    published,
    failures,
    async ask(name, question, within) {
      assertUp('ask');
      return ask(name, question, within);
    },
    serve: (name, handler) => desks.add(name, handler),
    async publish(subject, payload) {
      assertUp('publish');
      published.push({ subject, payload: structuredClone(payload) } as Message);
      lines.ring(subject, payload);
    },
    subscribe: (subject, handler, listening) => lines.add(subject, handler, listening),
    onRecovered(callback) {
      recovered.add(callback);
      return () => void recovered.delete(callback);
    },
    settled: () => lines.idle(),
    lose: () => lines.lose(),
    away(isAway) {
      if (state === 'closed') return;
      const was = state;
      state = isAway ? 'away' : 'up';
      if (was === 'away' && !isAway) for (const callback of recovered) callback();
    },
    async close() {
      state = 'closed';
      lines.close();
      desks.close();
      recovered.clear();
    },
  };
}
