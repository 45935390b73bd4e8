import type { ApplicationId, ClusterName } from '@fairlead/core/model';
import type { Message } from '@fairlead/ports/bus';
import type { OutboxRow } from '@fairlead/ports/store';
import { Pile, scopeOf, sayingOf, type Scope } from './pile.ts';

/** One message in the place of several, and the rows that it stands for. */
export interface Parcel {
  readonly message: Message;
  readonly ids: readonly number[];
}

/** How much one message names at most. */
export interface ParcelBounds {
  /** Clusters, and as many applications. */
  readonly names: number;
}

const defaultBounds: ParcelBounds = { names: 500 };

/**
 * Says with few messages what the rows say with many, in order for each subject: the clusters of one subject in one
 * message, equal messages once, at the place of the last. What names more than the bound is said in several; so a row may
 * be in several parcels, and is said when the last of them is. A message that stands for many belongs to the trace of the
 * newest.
 */
export function packed(rows: readonly OutboxRow[], bounds: ParcelBounds = defaultBounds): readonly Parcel[] {
  return [...Map.groupBy(rows, kindOf).values()].flatMap((alike) =>
    scopeOf(alike[0] as Message) === undefined ? distinct(alike) : piled(alike, bounds),
  );
}

/**
 * The same with no names at all: one message for each kind, which asks whoever hears it to look at everything. For an
 * outbox that grew while the bus was away.
 */
export function widest(rows: readonly OutboxRow[]): readonly Parcel[] {
  return packed(rows.map((row) => (scopeOf(row) === undefined ? row : { ...sayingOf(row, {}), id: row.id })));
}

/** What may be merged: one subject; of statuses, those about clusters apart from those about applications there. */
function kindOf({ subject, payload }: Message): string {
  return subject === 'statuses' && payload.applications.length === 0 ? 'statuses of clusters' : subject;
}

function piled(rows: readonly OutboxRow[], bounds: ParcelBounds): Parcel[] {
  const piles: Pile[] = [];
  for (const row of rows)
    for (const scope of splitOf(scopeOf(row) ?? {}, bounds)) {
      const last = piles.at(-1);
      if (last?.hasRoomFor(scope, bounds.names)) last.add(row, scope);
      else piles.push(new Pile(row, scope));
    }
  return piles.map((pile) => pile.parcel());
}

/** Equal messages once, at the place of the last of them. */
function distinct(rows: readonly OutboxRow[]): Parcel[] {
  const bySaying = new Map<string, Parcel>();
  for (const { id, ...message } of rows) {
    const { traceparent: _, ...said } = message.payload;
    const key = JSON.stringify(said);
    const before = bySaying.get(key);
    bySaying.delete(key);
    bySaying.set(key, { message, ids: [...(before?.ids ?? []), id] });
  }
  return [...bySaying.values()];
}

/** The scope in parts that name no more than the bound. */
function splitOf({ clusters, applications }: Scope, { names }: ParcelBounds): Scope[] {
  return chunks<ClusterName>(clusters, names).flatMap((some) =>
    chunks<ApplicationId>(applications, names).map((those) => ({
      ...(some && { clusters: some }),
      ...(those && { applications: those }),
    })),
  );
}

function chunks<T>(list: readonly T[] | undefined, size: number): (readonly T[] | undefined)[] {
  if (list === undefined || list.length <= size) return [list];
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
}
