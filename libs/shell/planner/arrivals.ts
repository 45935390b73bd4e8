import type { CommitSha } from '@fairlead/core/model';
import type { Trouble } from '@fairlead/core/rollout';
import type { Repository } from '@fairlead/ports/repository';
import { selectorText, type Placements } from './past.ts';
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
      const { documents, ledger, placement } = snapshot;
      const selector = documents.environments.get(environment)?.spec.clusters;
      const matched = placement.environments.get(environment)?.length ?? 0;
      if (selector === undefined || matched < 2 || matched < ledger.members.size) return undefined;
      const before = await past.at(attempt, snapshot.ledgerPath);
      const unchanged = before.selectors.get(environment) === selectorText(selector);
      if (unchanged || before.whole.has(environment)) return undefined;
      for (const { acknowledgement, commit } of snapshot.acknowledged) {
        const { kind, subject } = acknowledgement;
        if (kind === 'Selector' && subject === environment && (await repository.descends(commit, attempt)))
          return undefined;
      }
      const message = `The selector of ${environment} was changed and matches all ${matched} members; who had nothing of it gets nothing yet. If this is meant: fairlead acknowledge Selector ${environment}.`;
      return { reason: 'SelectorMatchesEverything', message };
    },
  };
}
