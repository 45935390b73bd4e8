import type { Bus, Subject } from '@fairlead/ports/bus';
import type { Store } from '@fairlead/ports/store';

/** Options of {@link startRelay}. */
export interface RelayOptions {
  readonly store: Store;
  readonly bus: Bus;
  /** Hears what failed; the messages stay in the outbox and leave with the next one. */
  readonly onError: (error: unknown) => void;
}

/** Carries messages from the outbox to the bus. */
export interface Relay {
  /** Resolves when the outbox was empty once. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** How many messages are carried between two writes. */
const batchSize = 256;

/**
 * Carries what waits in the outbox to the bus, in order, now and whenever the store rings. A message is dropped from the
 * outbox after the bus took it: it may come twice after a crash, and never not at all.
 */
export function startRelay(options: RelayOptions): Relay {
  const stopped = new AbortController();
  let wanted = false;
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    for (; wanted && !stopped.signal.aborted;) {
      wanted = false;
      await carryAll(options, stopped.signal).catch(options.onError);
    }
  };
  const start = (): void => {
    running ??= run().finally(() => {
      running = undefined;
      // A ring that came after the last look and before this line would otherwise be lost.
      if (wanted && !stopped.signal.aborted) start();
    });
  };
  const ring = (): void => {
    wanted = true;
    start();
  };
  const unsubscribe = options.store.onOutbox(ring);
  ring();
  return {
    settled: () => running ?? Promise.resolve(),
    async stop() {
      stopped.abort();
      unsubscribe();
      await running;
    },
  };
}

async function carryAll(options: RelayOptions, stopped: AbortSignal): Promise<void> {
  for (;;) {
    const carried = await carry(options);
    if (carried < batchSize || stopped.aborted) return;
  }
}

async function carry({ store, bus }: RelayOptions): Promise<number> {
  const rows = await store.outbox(batchSize);
  for (const row of rows) await bus.publish(row.subject as Subject, row.payload);
  if (rows.length > 0) await store.write([{ drop: 'outbox', ids: rows.map(({ id }) => id) }]);
  return rows.length;
}
