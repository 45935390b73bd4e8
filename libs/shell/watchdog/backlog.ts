import type { LoopReading } from '@fairlead/core/progress';
import type { Clock } from '@fairlead/ports/clock';
import type { Store } from '@fairlead/ports/store';

/** What waits in the outbox, and whether anybody carries it. */
export interface Backlog {
  /** The store as the relay should have it: each of its looks at the outbox is a step. */
  readonly store: Pick<Store, 'outbox' | 'write' | 'onOutbox'>;
  /** Reads the outbox; for the watchdog. */
  read(): Promise<LoopReading>;
  /** As it was read last: how many messages wait, {@link mostCounted} at most, and since when the oldest does. */
  waiting(): { readonly messages: number; readonly ageMs: number };
}

/** Messages are counted up to this number: a row may be long. */
export const mostCounted = 100;

/**
 * Watches the outbox. It stands when its oldest message stays and nobody looks for it; a relay that tries and cannot is
 * no stall, and shows by the age.
 */
export function watchBacklog(store: Store, clock: Pick<Clock, 'now'>): Backlog {
  let looks = 0;
  let moves = 0;
  let oldest: { readonly id: number; readonly sinceMs: number } | undefined;
  let messages = 0;
  return {
    store: {
      write: (changes, guard) => store.write(changes, guard),
      onOutbox: (callback) => store.onOutbox(callback),
      async outbox(...asked) {
        try {
          return await store.outbox(...asked);
        } finally {
          looks += 1;
        }
      },
    },
    async read() {
      const rows = await store.outbox(mostCounted);
      const [first] = rows;
      messages = rows.length;
      if (first?.id !== oldest?.id) {
        moves += 1;
        oldest = first && { id: first.id, sinceMs: clock.now() };
      }
      return { hasWork: first !== undefined, steps: looks + moves };
    },
    waiting: () => ({ messages, ageMs: oldest === undefined ? 0 : Math.max(0, clock.now() - oldest.sinceMs) }),
  };
}
