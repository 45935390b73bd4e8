import type { Change, Store } from '@fairlead/ports/store';

const bell: Change = { put: 'outbox', row: { subject: 'events', payload: {} } };

/** Says `events` with every write that puts a line into the journal, so that watchers read it: it leaves as surely as the line is there. */
export function ringing(store: Store): Store {
  const write: Store['write'] = (changes, guard) => store.write(rings(changes) ? changes : [...changes, bell], guard);
  return new Proxy(store, {
    get(target, name) {
      if (name === 'write') return write;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Whether the batch needs no bell: it has one, or no line. */
function rings(changes: readonly Change[]): boolean {
  const puts = changes.filter((change) => 'put' in change);
  return (
    !puts.some(({ put }) => put === 'event') || puts.some((one) => one.put === 'outbox' && one.row.subject === 'events')
  );
}
