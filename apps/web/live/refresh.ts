import type { ApplicationView } from '@fairlead/wire/rest';
import type { QueryClient } from '@tanstack/react-query';
import type { Client } from '../api/client.ts';
import { isPassing } from '../api/refusal.ts';
import { withApplication } from '../model/board.ts';
import { readApplication } from './applications.ts';
import { coalesced } from './coalesced.ts';
import type { Concerns } from './concerns.ts';
import { keys } from './keys.ts';

/** Reads anew what is shown and may be old; what is not shown is marked, and read when it is. */
export interface Refresher {
  concerns(what: Concerns): void;
  /** The watch stands anew: nothing that was known holds. */
  all(): void;
}

/** Of one application. */
const quick = { leastMs: 1_000, isPassing, onError: report };
/** Of all of them, and of the fleet. */
const slow = { ...quick, leastMs: 2_000 };
/** More applications than this at once are read as a list. */
const mostAlone = 10;
const whole = '';

/** Makes the refresher of the answers that are kept. */
export function refresherOf(client: Client, kept: QueryClient): Refresher {
  const all = coalesced(() => kept.invalidateQueries(), slow);
  const fleet = coalesced(() => kept.invalidateQueries({ queryKey: keys.fleet }), slow);
  const about = coalesced((name) => kept.invalidateQueries({ queryKey: keys.about(name) }), quick);
  const rows = rowsOf(client, kept);
  healing(kept);
  let head: string | undefined;
  return {
    all() {
      // A hub that has just started answers before it has read the fleet: what it answers then is empty, and at no commit.
      head = undefined;
      all(whole);
    },
    concerns({ applications, head: newest = head }) {
      fleet(whole);
      // At another commit definitions may be others: pipelines, applications that came or went.
      if (applications === 'All' || newest !== head) all(whole);
      head = newest;
      if (applications === 'All') return;
      for (const name of applications) about(name);
      if (applications.length > 0) rows(applications);
    },
  };
}

/** Keeps the rows of the list: a few are read alone. */
function rowsOf(client: Client, kept: QueryClient): (names: readonly string[]) => void {
  const waiting = new Set<string>();
  const list = coalesced(() => kept.invalidateQueries({ queryKey: keys.applications }), slow);
  const isShown = (): boolean =>
    kept.getQueryCache().findAll({ queryKey: keys.applications, type: 'active' }).length > 0;
  const alone = async (name: string): Promise<void> => {
    // Whoever names it from now on means a newer one.
    waiting.delete(name);
    try {
      const view = await readApplication(client, name);
      kept.setQueryData<ApplicationView[]>(keys.applications, (now) => now && withApplication(now, { name, view }));
    } catch (thrown) {
      if (!isPassing(thrown)) return report(thrown);
      waiting.add(name);
      throw thrown;
    }
  };
  const read = coalesced(async () => {
    const names = [...waiting];
    if (names.length > mostAlone || !isShown()) {
      waiting.clear();
      return list(whole);
    }
    for (const name of names) await alone(name);
    // A reading of the whole list that is under way may be older, and would take their place.
    if (kept.isFetching({ queryKey: keys.applications }) > 0) list(whole);
  }, quick);
  return (names) => {
    for (const name of names) waiting.add(name);
    read(whole);
  };
}

/** An answer that is shown and could not be read is read again, after pauses that grow, until it can be. */
function healing(kept: QueryClient): void {
  const cache = kept.getQueryCache();
  const again = coalesced(
    async (hash) => {
      const query = cache.get(hash);
      if (!query?.isActive() || !isPassing(query.state.error)) return;
      await kept.invalidateQueries({ queryKey: query.queryKey, exact: true }, { throwOnError: true });
    },
    { ...quick, firstMs: 1_000 },
  );
  cache.subscribe((event) => {
    if (event.type === 'updated' && event.action.type === 'error' && isPassing(event.action.error))
      again(event.query.queryHash);
  });
}

/** Whoever shows an answer shows its error; a row that could not be read stays as it was until it can be. */
function report(thrown: unknown): void {
  console.warn(thrown instanceof Error ? thrown.message : 'something could not be read anew');
}
