import { splitApplicationId, type ApplicationId } from '@fairlead/core/model';
import type { ApplicationView, FleetView } from '@fairlead/wire/rest';
import type { QueryClient } from '@tanstack/react-query';
import type { Client } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';
import { withApplication } from '../model/board.ts';
import { coalesced } from './coalesced.ts';
import type { Concerns } from './concerns.ts';
import { keys } from './keys.ts';

/** Reads anew what is shown and may be old. */
export interface Refresher {
  concerns(what: Concerns): void;
  all(): void;
}

const wholeFleet = '';

/** Makes the refresher of the answers that are kept; one application of a long list is read alone. */
export function refresherOf(client: Client, kept: QueryClient): Refresher {
  const all = coalesced(() => kept.invalidateQueries(), report);
  const fleet = coalesced(async () => {
    const headOf = (): string | undefined => kept.getQueryData<FleetView>(keys.fleet)?.head;
    const before = headOf();
    await kept.invalidateQueries({ queryKey: keys.fleet });
    // Definitions may be others now: pipelines, applications that came or went.
    if (before !== undefined && headOf() !== before) all(wholeFleet);
  }, report);
  const application = coalesced(async (name) => {
    const list = kept.getQueryData<ApplicationView[]>(keys.applications);
    const isShown = kept.getQueryCache().findAll({ queryKey: keys.about(name), type: 'active' }).length > 0;
    if (isShown) await kept.invalidateQueries({ queryKey: keys.about(name) });
    if (list === undefined) return;
    const view = await readApplication(client, name);
    kept.setQueryData<ApplicationView[]>(keys.applications, (now) => now && withApplication(now, { name, view }));
    // A reading of the whole list that is under way may be older, and would take its place.
    if (kept.isFetching({ queryKey: keys.applications }) > 0) all(wholeFleet);
  }, report);
  return {
    all: () => all(wholeFleet),
    concerns({ applications }) {
      fleet(wholeFleet);
      if (applications === 'All') all(wholeFleet);
      else for (const name of applications) application(name);
    },
  };
}

/** One application; undefined where it is gone. */
async function readApplication(client: Client, id: string): Promise<ApplicationView | undefined> {
  const { team, name } = splitApplicationId(id as ApplicationId);
  try {
    return await client.call('getApplication', { path: { team, name } });
  } catch (thrown) {
    if (thrown instanceof Refusal && thrown.status === 404) return undefined;
    throw thrown;
  }
}

/** Whoever shows an answer shows its error; a list that missed a change is read anew when the watch stands again. */
function report(thrown: unknown): void {
  console.warn(thrown instanceof Error ? thrown.message : 'something could not be read anew');
}
