import type { Bus } from '@fairlead/ports/bus';
import type { Store } from '@fairlead/ports/store';

/** Rings the bus after every write that put a line into the journal, so that watchers read it. */
export function ringing(store: Store, bus: Bus): Store {
  return {
    ...store,
    async write(changes, guard) {
      await store.write(changes, guard);
      if (changes.some((change) => 'put' in change && change.put === 'event')) await bus.publish('events', {});
    },
  };
}
