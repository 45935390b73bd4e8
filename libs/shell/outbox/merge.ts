import type { ApplicationId, ClusterName } from '@fairlead/core/model';
import type { Message, Payload, Subject } from '@fairlead/ports/bus';
import type { OutboxRow } from '@fairlead/ports/store';

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
  return [...Map.groupBy(rows, kindOf).values()].flatMap((alike) => {
    const parts = alike.flatMap((row) => splitOf(row, bounds).map((message) => ({ message, ids: [row.id] })));
    return merged(parts, bounds);
  });
}

/**
 * The same with no names at all: one message for each kind, which asks whoever hears it to look at everything. For an
 * outbox that grew while the bus was away.
 */
export function widest(rows: readonly OutboxRow[]): readonly Parcel[] {
  return packed(
    rows.map((row) => ({ ...widened(row), id: row.id })),
    defaultBounds,
  );
}

/** What may be merged: one subject; of statuses, those about clusters apart from those about applications there. */
function kindOf({ subject, payload }: Message): string {
  return subject === 'statuses' && payload.applications.length === 0 ? 'statuses of clusters' : subject;
}

function merged(parts: readonly Parcel[], bounds: ParcelBounds): Parcel[] {
  const done: Parcel[] = [];
  for (const part of parts) {
    const last = done.at(-1);
    const union = last && unionOf(last.message, part.message, bounds);
    if (last && union) done.splice(-1, 1, { message: union, ids: distinct(last.ids, part.ids) });
    else done.push(part);
  }
  return lastOfEqual(done);
}

/** Equal messages once, at the place of the last of them. */
function lastOfEqual(parcels: readonly Parcel[]): Parcel[] {
  const bySaying = new Map<string, Parcel>();
  for (const parcel of parcels) {
    const { traceparent: _, ...said } = parcel.message.payload;
    const key = JSON.stringify(said);
    const before = bySaying.get(key);
    bySaying.delete(key);
    bySaying.set(key, before ? { ...parcel, ids: distinct(before.ids, parcel.ids) } : parcel);
  }
  return [...bySaying.values()];
}

/** One message that says what both say; undefined where there is none within the bound. */
function unionOf(a: Message, b: Message, { names }: ParcelBounds): Message | undefined {
  const said = joined(a, b);
  if (said === undefined) return undefined;
  const { clusters = [], applications = [] }: Names = said;
  if (clusters.length > names || applications.length > names) return undefined;
  const traceparent = b.payload.traceparent ?? a.payload.traceparent;
  return { subject: a.subject, payload: { ...said, ...(traceparent !== undefined && { traceparent }) } } as Message;
}

interface Names {
  readonly clusters?: readonly ClusterName[];
  readonly applications?: readonly ApplicationId[];
}

function joined(a: Message, b: Message): Names | undefined {
  if ((a.subject === 'desired' || a.subject === 'members') && a.subject === b.subject) {
    // Who names none means any, and so does a message that says both.
    if (a.payload.clusters === undefined || b.payload.clusters === undefined) return {};
    return { clusters: distinct(a.payload.clusters, b.payload.clusters) };
  }
  if (a.subject === 'statuses' && b.subject === 'statuses')
    return {
      clusters: anyOr(a.payload.clusters, b.payload.clusters),
      applications: distinct(a.payload.applications, b.payload.applications),
    };
  if (a.subject === 'release' && b.subject === 'release')
    return { applications: anyOr(a.payload.applications, b.payload.applications) };
  return undefined;
}

/** The union of two lists of which an empty one means any. */
function anyOr<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return a.length === 0 || b.length === 0 ? [] : distinct(a, b);
}

function distinct<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return [...new Set([...a, ...b])];
}

/** The message in parts that name no more than the bound. */
function splitOf({ subject, payload }: Message, { names }: ParcelBounds): Message[] {
  const { clusters, applications } = payload as Names;
  const parts = chunks(clusters, names).flatMap((some) =>
    chunks(applications, names).map((those) => ({
      ...payload,
      ...(some && { clusters: some }),
      ...(those && { applications: those }),
    })),
  );
  return parts.map((part) => ({ subject, payload: part }) as Message);
}

function chunks<T>(list: readonly T[] | undefined, size: number): (readonly T[] | undefined)[] {
  if (list === undefined || list.length <= size) return [list];
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
}

const all: { readonly [S in Subject]?: (payload: Payload<S>) => Payload<S> } = {
  desired: () => ({}),
  members: () => ({}),
  statuses: () => ({ clusters: [], applications: [] }),
  release: () => ({ applications: [] }),
};

function widened({ subject, payload }: Message): Message {
  const widen = all[subject] as ((payload: Message['payload']) => Message['payload']) | undefined;
  return { subject, payload: widen?.(payload) ?? payload } as Message;
}
