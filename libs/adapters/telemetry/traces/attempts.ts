import type { DesiredEntry, JsonObject } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { Change, Store } from '@fairlead/ports/store';
import { traceparentNow } from './carrier.ts';

/** When an attempt was given out first, and the trace in which that was. */
export interface AttemptTrace {
  readonly attempt: string;
  readonly atMs: number;
  readonly traceparent?: string;
}

/** Units that one process remembers; the one that was met longest ago goes first. */
const mostUnits = 10_000;

/** One fact a unit, of its newest attempt: their number is the number of units. */
function factKey({ environment, application }: Pick<DesiredEntry, 'environment' | 'application'>): string {
  return `trace:${environment}/${application}`;
}

/**
 * The planner's store, which notes with the first assignment of each attempt when it was given out and in which trace:
 * waves that follow hours later, clusters that come back and gateways elsewhere go on in the same one.
 */
export function notingAttempts(store: Store, clock: Clock): Store {
  const noted = new Map<string, string>();
  const write: Store['write'] = async (changes, guard) => {
    const fresh = newAttempts(changes, noted);
    const notes: Change[] = [];
    for (const [key, attempt] of fresh) {
      const traceparent = traceparentNow();
      const value: JsonObject = { attempt, atMs: clock.now(), ...(traceparent === undefined ? {} : { traceparent }) };
      // A planner that was started anew goes on with what the one before it noted.
      if ((await store.fact(key))?.['attempt'] !== attempt) notes.push({ put: 'fact', key, value });
    }
    await store.write(notes.length === 0 ? changes : [...changes, ...notes], guard);
    for (const [key, attempt] of fresh) remember(noted, key, attempt);
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'write') return write;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

function newAttempts(changes: readonly Change[], noted: ReadonlyMap<string, string>): Map<string, string> {
  const found = new Map<string, string>();
  for (const change of changes) {
    const entry = 'put' in change && change.put === 'assignment' ? change.row.entry : undefined;
    if (entry && noted.get(factKey(entry)) !== entry.attempt) found.set(factKey(entry), entry.attempt);
  }
  return found;
}

/** Finds what the planner noted of the attempts in a desired state. */
export interface AttemptTraces {
  /** The newest of the attempts; a promise only where the store must be asked. */
  newest(entries: readonly DesiredEntry[]): AttemptTrace | undefined | Promise<AttemptTrace | undefined>;
}

/** Reads the notes of {@link notingAttempts}; each attempt is asked for once a process, whatever the number of clusters. */
export function attemptTraces(store: Pick<Store, 'fact'>): AttemptTraces {
  const known = new Map<string, AttemptTrace | Promise<AttemptTrace>>();
  const look = (entry: DesiredEntry): AttemptTrace | Promise<AttemptTrace> => {
    const key = factKey(entry);
    const found = known.get(key);
    if (found && (found instanceof Promise || found.attempt === entry.attempt)) return found;
    const reading = store.fact(key).then(
      (fact) => remember(known, key, noteOf(fact, entry)),
      // Nobody's work stops for want of a trace.
      () => remember(known, key, noteOf(undefined, entry)),
    );
    return remember(known, key, reading);
  };
  return {
    newest(entries) {
      const found = entries.map(look);
      const known = found.flatMap((one) => (one instanceof Promise ? [] : [one]));
      if (known.length === entries.length) return newestOf(known, entries);
      return Promise.all(found.map(async (one) => one)).then((traces) => newestOf(traces, entries));
    },
  };
}

function noteOf(fact: JsonObject | undefined, { attempt }: DesiredEntry): AttemptTrace {
  const { atMs, traceparent } = fact ?? {};
  if (fact?.['attempt'] !== attempt || typeof atMs !== 'number') return { attempt, atMs: 0 };
  return { attempt, atMs, ...(typeof traceparent === 'string' ? { traceparent } : {}) };
}

function newestOf(traces: readonly AttemptTrace[], entries: readonly DesiredEntry[]): AttemptTrace | undefined {
  let newest: AttemptTrace | undefined;
  for (const [index, trace] of traces.entries())
    // What was read for another attempt of the unit meanwhile says nothing of this one.
    if (trace.attempt === entries[index]?.attempt && trace.atMs > (newest?.atMs ?? 0)) newest = trace;
  return newest;
}

function remember<T>(known: Map<string, T>, key: string, value: T): T {
  known.delete(key);
  known.set(key, value);
  const oldest = known.keys().next();
  if (known.size > mostUnits && !oldest.done) known.delete(oldest.value);
  return value;
}
