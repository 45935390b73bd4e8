import { asFairleadError } from '@fairlead/core/model';
import type { Bus } from '@fairlead/ports/bus';
import type { OutboxRow, Store } from '@fairlead/ports/store';
import { packed, widest, type Parcel } from './merge.ts';

/** What carrying needs. */
export interface CarryPorts {
  readonly store: Pick<Store, 'outbox' | 'write'>;
  readonly bus: Pick<Bus, 'publish'>;
  /** Hears of a message that no bus will ever take. */
  readonly onError: (error: unknown) => void;
  /** Which rows of other processes are carried as well. */
  readonly others?: { readonly afterMs: number };
}

/** How many rows are carried between two writes. */
export const batchSize = 1_000;

/** Carries the oldest rows, and drops them in one write. Resolves with how many there were; rejects as store and bus do. */
export async function carry({ store, bus, onError, others }: CarryPorts): Promise<number> {
  const rows = await store.outbox(batchSize, others);
  const parcels = packed(rows);
  let said = 0;
  try {
    for (const parcel of parcels) {
      await say(bus, { parcel, onError });
      said += 1;
    }
  } finally {
    const left = new Set(parcels.slice(said).flatMap(({ ids }) => ids));
    const ids = rows.map(({ id }) => id).filter((id) => !left.has(id));
    if (ids.length > 0) await store.write([{ drop: 'outbox', ids }]);
  }
  return rows.length;
}

async function say(
  bus: CarryPorts['bus'],
  { parcel, onError }: { readonly parcel: Parcel; readonly onError: CarryPorts['onError'] },
): Promise<void> {
  const { subject, payload } = parcel.message;
  try {
    await bus.publish(subject, payload);
  } catch (error) {
    // What can never be said must not hold up the rest.
    if (asFairleadError(error).code !== 'InvalidInput') throw error;
    onError(error);
  }
}

/**
 * Makes the outbox of a bus that is away small: each full batch becomes a few rows that ask whoever hears them to look at
 * everything. What waits is then bounded, however long it waits.
 */
export async function shrink({ store, others }: CarryPorts): Promise<void> {
  for (;;) {
    const rows = await store.outbox(batchSize, others);
    const parcels = rows.length < batchSize ? [] : widest(rows);
    if (parcels.length === 0 || parcels.length > batchSize / 2) return;
    await store.write([
      ...parcels.map(({ message }) => ({ put: 'outbox', row: message }) as const),
      { drop: 'outbox', ids: rows.map(({ id }: OutboxRow) => id) },
    ]);
  }
}
