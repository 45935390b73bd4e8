import { isGone } from '@fairlead/core/documents';
import { countOf, type ClusterName, type CommitSha, type CountOrPercent } from '@fairlead/core/model';
import type { Trouble } from '@fairlead/core/rollout';
import type { Repository } from '@fairlead/ports/repository';
import type { Placements } from './past.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import { shortSha, type Round } from './round.ts';
import { entryOf, unitOfKey, type Unit } from './units.ts';
import { removedBy } from './withdraw.ts';

/** A cluster that git no longer gives the application. */
export interface Departure {
  readonly unit: Unit;
  readonly cluster: ClusterName;
}

/** Finds out who took applications away, and whether that is allowed. */
export interface Departures {
  /** The commit that took the application from the cluster, or why it stays. */
  whyLeft(round: Round, departure: Departure): Promise<{ readonly commit: CommitSha } | Trouble>;
  /** Why the withdrawals of a commit may not go on; undefined when they may. */
  overBudget(round: Round, commit: CommitSha): Promise<Trouble | undefined>;
}

/** Reads departures from the repository's history. */
export function findDepartures(repository: Repository, past: Placements): Departures {
  return {
    overBudget: (round, commit) => overBudget(past, round, commit),
    async whyLeft(round, departure) {
      const { snapshot } = round;
      const { unit } = departure;
      const doubt = whyDoubt(snapshot, unit);
      if (doubt !== undefined) return doubt;
      const cause = snapshot.left.get(unit.key);
      if (cause !== undefined && snapshot.ledger.releases.has(unit.key)) {
        // A deleted document withdraws nothing by itself: the ledger file goes first, when its turn comes.
        return (await overBudget(past, round, cause)) ?? itsTurn;
      }
      const commit = (await removedBy(repository, snapshot, unit)) ?? (await past.taker(snapshot, departure));
      if (commit === undefined) {
        const message = `No commit explains why ${unit.application} left the cluster; its objects stay.`;
        return { reason: 'Orphaned', message };
      }
      const empty = await whyEmpty(repository, snapshot, { unit, commit });
      return empty ?? (await overBudget(past, round, commit)) ?? { commit };
    },
  };
}

const itsTurn: Trouble = { reason: 'WaitsForWave', message: 'Its environment is withdrawn when its turn comes.' };

async function overBudget(past: Placements, round: Round, commit: CommitSha): Promise<Trouble | undefined> {
  const { snapshot } = round;
  const acknowledged = snapshot.acknowledged.some(
    ({ acknowledgement: { kind, subject } }) => kind === 'Removal' && subject === commit,
  );
  if (acknowledged) return undefined;
  const budget = snapshot.documents.fleet?.spec.removalBudget.placements;
  if (budget === undefined) {
    return { reason: 'InvalidDocument', message: 'The Fleet document, which bounds removals, cannot be read.' };
  }
  const parent = await past.parentOf(commit);
  if (parent === undefined) return undefined;
  const before = await past.at(parent, snapshot.ledgerPath);
  const after = await past.at(commit, snapshot.ledgerPath);
  const gone = [...before.pairs].filter((pair) => !after.pairs.has(pair) && after.members.has(clusterOf(pair)));
  const withdrawn = Math.max(gone.length, await runningBy(round, commit));
  const total = Math.max(before.pairs.size, withdrawn);
  const allowed = allowedOf(budget, before.pairs.size);
  if (withdrawn <= allowed) return undefined;
  const words = `Commit ${shortSha(commit)} withdraws ${withdrawn} of ${total} placements, and ${allowed} are allowed.`;
  const message = `${words} If this is meant: fairlead acknowledge Removal ${commit}.`;
  return { reason: 'RemovalBudgetExceeded', message };
}

/**
 * How many clusters run what the commit takes away. Where a commit before it broke an environment, placement names none of
 * its clusters, and would count them as gone already.
 */
async function runningBy(round: Round, commit: CommitSha): Promise<number> {
  const { left, removed, ledger } = round.snapshot;
  const keys = [...left, ...removed].flatMap(([key, by]) => (by === commit ? [key] : []));
  const units = [...new Set(keys)].map(unitOfKey);
  const counts = units.map(async ({ application, environment }) => {
    const { rows } = await round.rowsOf(application);
    const here = [...rows.values()].filter((row) => row.environment === environment && row.entry !== undefined);
    return here.filter(({ cluster }) => ledger.members.has(cluster)).length;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

function clusterOf(pair: string): string {
  return pair.slice(pair.indexOf(' ') + 1);
}

/**
 * A selector that suddenly matches nothing is held and named, until a commit after the one that emptied it acknowledges
 * it.
 */
async function whyEmpty(
  repository: Repository,
  snapshot: FleetSnapshot,
  { unit, commit }: { unit: Unit; commit: CommitSha },
): Promise<Trouble | undefined> {
  const empty = snapshot.placement.empty.some(
    ({ environment, application }) =>
      environment === unit.environment && (application ?? unit.application) === unit.application,
  );
  if (!empty || entryOf(snapshot, unit) === undefined || !snapshot.ledger.releases.has(unit.key)) return undefined;
  if (await isSelectorMeant(repository, snapshot, { environment: unit.environment, since: commit })) return undefined;
  return {
    reason: 'SelectorMatchesNothing',
    message: `${unit.environment} selects no cluster any more; what runs stays. If this is meant: fairlead acknowledge Selector ${unit.environment}.`,
  };
}

/** Whether a commit after `since` acknowledges what an environment's selector matches. */
export async function isSelectorMeant(
  repository: Repository,
  { acknowledged }: Pick<FleetSnapshot, 'acknowledged'>,
  { environment, since }: { readonly environment: string; readonly since: CommitSha },
): Promise<boolean> {
  for (const { acknowledgement, commit } of acknowledged) {
    if (acknowledgement.kind !== 'Selector' || acknowledgement.subject !== environment) continue;
    if (await repository.descends(commit, since)) return true;
  }
  return false;
}

/** Nothing is withdrawn by documents that cannot be read, or that refer to what is not there (I7). */
export function whyDoubt(snapshot: FleetSnapshot, unit: Unit): Trouble | undefined {
  const { documents, ledger } = snapshot;
  const { application } = unit;
  const broken = ledger.brokenReleases.has(unit.key);
  if (
    broken ||
    (!documents.applications.has(application) && !isGone(documents, { kind: 'Application', name: application }))
  ) {
    return { reason: 'InvalidDocument', message: `A document about ${unit.key} cannot be read; what runs stays.` };
  }
  const [problem] = documents.held.get(application) ?? [];
  if (problem !== undefined) return { reason: problem.reason, message: problem.message };
  if (entryOf(snapshot, unit) === undefined || documents.environments.has(unit.environment)) return undefined;
  return { reason: 'UnknownReference', message: `There is no environment ${unit.environment}; what runs stays.` };
}

function allowedOf(budget: CountOrPercent, total: number): number {
  return countOf(budget, { total, atLeast: budget === 0 || budget === '0%' ? 0 : 1 });
}
