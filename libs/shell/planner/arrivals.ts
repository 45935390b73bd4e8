import type { CommitSha } from '@fairlead/core/model';
import type { Trouble } from '@fairlead/core/rollout';
import type { Repository } from '@fairlead/ports/repository';
import { isSelectorMeant } from './departures.ts';
import type { Placements } from './past.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import type { Unit } from './units.ts';

/** Finds out whether an environment may take clusters in that it did not select before. */
export interface Arrivals {
  /**
   * Why clusters that have nothing of a unit get nothing yet, and nothing is promoted there: the selector of its
   * environment was changed since the attempt that it runs, and matches every member now.
   */
  whyHeld(
    snapshot: FleetSnapshot,
    of: { readonly unit: Unit; readonly attempt: CommitSha },
  ): Promise<Trouble | undefined>;
}

/** Reads arrivals from the repository's history. */
export function findArrivals(repository: Repository, past: Placements): Arrivals {
  return {
    async whyHeld(snapshot, { unit: { environment }, attempt }) {
      const { ledger, placement, selectors } = snapshot;
      const matched = placement.environments.get(environment)?.length ?? 0;
      const now = selectors.get(environment);
      // Reading what a past commit placed is dear: only where the selector was changed since the attempt.
      if (!now?.changed || matched < 2 || matched < ledger.members.size) return undefined;
      if (await repository.descends(attempt, now.since)) return undefined;
      const before = await past.at(attempt, snapshot.ledgerPath);
      if (before.selectors.get(environment) === now.text || before.whole.has(environment)) return undefined;
      if (await isSelectorMeant(repository, snapshot, { environment, since: attempt })) return undefined;
      const message = `The selector of ${environment} was changed and matches all ${matched} members; who had nothing of it gets nothing yet. If this is meant: fairlead acknowledge Selector ${environment}.`;
      return { reason: 'SelectorMatchesEverything', message };
    },
  };
}
