import { FairleadError } from '@fairlead/core/model';
import type { Message } from '@fairlead/ports/bus';
import type { Change, Store } from '@fairlead/ports/store';
import { instruments } from '../instruments.ts';
import { bearsFruit } from '../traces/fruit.ts';
import { outsideOfTraces, traceparentNow } from '../traces/carrier.ts';

/** The databases by the names of the semantic conventions. */
export type StoreSystem = 'sqlite' | 'postgresql' | 'memory';

/**
 * The same store, its calls timed and counted, and the messages of its outbox carrying the trace in which they were
 * written. Calls make no spans: a pass makes thousands.
 */
export function measuredStore(store: Store, options: { readonly system: StoreSystem }): Store {
  const measured = Object.fromEntries(
    membersOf(store).map((key) => {
      const member: unknown = Reflect.get(store, key);
      const isCall = typeof member === 'function';
      return [key, isCall ? timed(member.bind(store) as Call, { operation: key, ...options }) : member];
    }),
  ) as unknown as Store;
  return {
    ...measured,
    write(changes, guard) {
      bearsFruit();
      return measured.write(changes.map(carryTrace), guard);
    },
    // The relay is nobody's step: its rows say what they belong to.
    onOutbox: (callback) => store.onOutbox(() => outsideOfTraces(callback)),
  };
}

type Call = (...args: unknown[]) => unknown;

/** The names of everything that a store has, be it an object or of a class. */
function membersOf(store: Store): string[] {
  const names = new Set<string>();
  for (let level: unknown = store; level !== null && level !== Object.prototype; level = Object.getPrototypeOf(level))
    for (const name of Object.getOwnPropertyNames(level)) names.add(name);
  names.delete('constructor');
  return [...names];
}

function timed(call: Call, { operation, system }: { operation: string; system: StoreSystem }): Call {
  const labels = { 'db.system.name': system, 'db.operation.name': operation };
  const ended = (startedMs: number, failure: object): void => {
    const { storeDuration, storeWaiting } = instruments();
    storeWaiting.add(-1);
    storeDuration.record((performance.now() - startedMs) / 1000, { ...labels, ...failure });
  };
  return (...args) => {
    const answer = call(...args);
    if (!(answer instanceof Promise)) return answer;
    const startedMs = performance.now();
    instruments().storeWaiting.add(1);
    answer.then(
      () => ended(startedMs, {}),
      (thrown: unknown) =>
        ended(startedMs, { 'error.type': thrown instanceof FairleadError ? thrown.reason : 'InternalError' }),
    );
    return answer;
  };
}

function carryTrace(change: Change): Change {
  if (!('put' in change) || change.put !== 'outbox' || change.row.payload.traceparent !== undefined) return change;
  const traceparent = traceparentNow();
  if (traceparent === undefined) return change;
  return { put: 'outbox', row: { ...change.row, payload: { ...change.row.payload, traceparent } } as Message };
}
