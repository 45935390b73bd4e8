import type { Repository } from '@fairlead/ports/repository';
import type { Store } from '@fairlead/ports/store';

/** The store as a leader sees it: every write counts only while its fence does, whoever wrote the call. */
export function fencedStore(store: Store, fence: number): Store {
  const write: Store['write'] = (changes, guard) => store.write(changes, { ...guard, fence });
  return over(store, { write });
}

/** The ledger as a leader sees it: nothing is pushed before `confirm` has resolved. */
export function fencedRepository(repository: Repository, confirm: () => Promise<void>): Repository {
  const push: Repository['push'] = async (base, drafts) => {
    await confirm();
    return repository.push(base, drafts);
  };
  return over(repository, { push });
}

/** An object with some of its methods replaced; the others are called on the object itself. */
function over<Whole extends object>(whole: Whole, own: Partial<Whole>): Whole {
  return new Proxy(whole, {
    get(target, name) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name) as unknown;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
