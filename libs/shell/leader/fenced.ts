import { FairleadError } from '@fairlead/core/model';
import type { Repository } from '@fairlead/ports/repository';
import type { Store } from '@fairlead/ports/store';

/** The store as a leader sees it: every write counts only while its fence does, whoever wrote the call. */
export function fencedStore(store: Store, fence: number): Store {
  const write: Store['write'] = (changes, guard) => store.write(changes, { ...guard, fence });
  return over(store, { write });
}

/** The lease that pushes go under. */
export interface PushLease {
  /** Asks whether this is still the lead, and renews the lease. Throws NotLeading. */
  confirm(): Promise<void>;
  /** How long it runs from then on. */
  readonly ttlMs: number;
  /**
   * Clocks in milliseconds that go on while the process is stopped; the one that says most has passed is believed. One
   * of them should never go back.
   */
  readonly clocks: readonly (() => number)[];
}

/**
 * The ledger as a leader sees it: the lease is confirmed before each push, and the push is not sent if the lease could
 * have run out since, as it can in a process that was stopped in between.
 */
export function fencedRepository(repository: Repository, lease: PushLease): Repository {
  const permit = async (): Promise<() => void> => {
    const since = lease.clocks.map((now) => ({ now, startedMs: now() }));
    await lease.confirm();
    return () => {
      const passedMs = Math.max(...since.map(({ now, startedMs }) => now() - startedMs));
      if (passedMs >= lease.ttlMs) throw tooLate(passedMs, lease);
    };
  };
  return over(repository, { push: (base, drafts) => repository.push(base, drafts, { permit }) });
}

function tooLate(passedMs: number, { ttlMs }: PushLease): FairleadError {
  return new FairleadError(
    `Cannot push: ${Math.round(passedMs)} ms have passed since the lease of ${ttlMs} ms was confirmed, so that another instance of the planner may lead. It is decided again.`,
    { code: 'Aborted', reason: 'NotLeading', retry: 'backoff' },
  );
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
