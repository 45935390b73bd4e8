import { isGone, joinLedger, parseLedgerFile, readFleet } from '@fairlead/core/documents';
import { countOf, type ClusterName, type CommitSha, type CountOrPercent } from '@fairlead/core/model';
import { place } from '@fairlead/core/placement';
import type { Trouble } from '@fairlead/core/rollout';
import type { Repository } from '@fairlead/ports/repository';
import type { FleetSnapshot } from './reader/snapshot.ts';
import { shortSha, type Round } from './round.ts';
import { entryOf, type Unit } from './units.ts';

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
  overBudget(snapshot: FleetSnapshot, commit: CommitSha): Promise<Trouble | undefined>;
}

/** How many commits back the one that took an application away is looked for. */
const searchedCommits = 500;
/** How many past placements are kept. */
const keptPlacements = 200;

/** Placements of a commit: `APPLICATION CLUSTER`, of those that have a ledger file. */
type Pairs = ReadonlySet<string>;

interface Past {
  readonly pairs: Pairs;
  readonly members: ReadonlySet<string>;
}

/** Reads departures from the repository's history; what a commit placed never changes, so it is kept. */
export function findDepartures(repository: Repository): Departures {
  const past = readPlacements(repository);
  return {
    overBudget: (snapshot, commit) => overBudget(past, snapshot, commit),
    async whyLeft(round, departure) {
      const { snapshot } = round;
      const { unit } = departure;
      const doubt = whyDoubt(snapshot, unit);
      if (doubt !== undefined) return doubt;
      const cause = snapshot.left.get(unit.key);
      if (cause !== undefined && snapshot.ledger.releases.has(unit.key)) {
        // A deleted document withdraws nothing by itself: the ledger file goes first, when its turn comes.
        return (await overBudget(past, snapshot, cause)) ?? itsTurn;
      }
      const commit = removedBy(snapshot, unit) ?? (await past.taker(snapshot, departure));
      if (commit === undefined) {
        const message = `No commit explains why ${unit.application} left the cluster; its objects stay.`;
        return { reason: 'Orphaned', message };
      }
      const empty = await whyEmpty(repository, snapshot, { unit, commit });
      return empty ?? (await overBudget(past, snapshot, commit)) ?? { commit };
    },
  };
}

const itsTurn: Trouble = { reason: 'WaitsForWave', message: 'Its environment is withdrawn when its turn comes.' };

/** Placements of past commits. */
interface Placements {
  at(commit: CommitSha, ledgerPath: string): Promise<Past>;
  parentOf(commit: CommitSha): Promise<CommitSha | undefined>;
  /** The newest commit whose parent still gave the cluster the application. */
  taker(snapshot: FleetSnapshot, departure: Departure): Promise<CommitSha | undefined>;
}

function readPlacements(repository: Repository): Placements {
  const past = new Map<string, Promise<Past>>();
  const parents = new Map<CommitSha, CommitSha | undefined>();
  const at: Placements['at'] = (commit, ledgerPath) => {
    const key = `${commit} ${ledgerPath}`;
    const found = past.get(key) ?? readPast(repository, { commit, ledgerPath });
    past.set(key, found);
    found.catch(() => past.delete(key));
    if (past.size > keptPlacements) past.delete(past.keys().next().value ?? '');
    return found;
  };
  return {
    at,
    async parentOf(commit) {
      if (!parents.has(commit)) {
        for await (const one of repository.history(commit, { limit: 1 })) parents.set(commit, one.parents[0]);
      }
      return parents.get(commit);
    },
    async taker(snapshot, { unit, cluster }) {
      const pair = `${unit.application} ${cluster}`;
      for await (const commit of repository.history(snapshot.head, { limit: searchedCommits })) {
        const parent = commit.parents[0];
        if (parent === undefined || commit.changed.length === 0) continue;
        if ((await at(parent, snapshot.ledgerPath)).pairs.has(pair)) return commit.commit;
      }
      return undefined;
    },
  };
}

async function overBudget(past: Placements, snapshot: FleetSnapshot, commit: CommitSha): Promise<Trouble | undefined> {
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
  const allowed = allowedOf(budget, before.pairs.size);
  if (gone.length <= allowed) return undefined;
  const words = `Commit ${shortSha(commit)} withdraws ${gone.length} of ${before.pairs.size} placements, and ${allowed} are allowed.`;
  const message = `${words} If this is meant: fairlead acknowledge Removal ${commit}.`;
  return { reason: 'RemovalBudgetExceeded', message };
}

function clusterOf(pair: string): string {
  return pair.slice(pair.indexOf(' ') + 1);
}

/** The commit that deleted the ledger file; the hub's own counts by the commit of the person whom it followed. */
function removedBy(snapshot: FleetSnapshot, unit: Unit): CommitSha | undefined {
  const removed = snapshot.removed.get(unit.key);
  return removed === undefined ? undefined : (snapshot.left.get(unit.key) ?? removed);
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
  for (const { acknowledgement, commit: allowed } of snapshot.acknowledged) {
    if (acknowledgement.kind !== 'Selector' || acknowledgement.subject !== unit.environment) continue;
    if (await repository.descends(allowed, commit)) return undefined;
  }
  return {
    reason: 'SelectorMatchesNothing',
    message: `${unit.environment} selects no cluster any more; what runs stays. If this is meant: fairlead acknowledge Selector ${unit.environment}.`,
  };
}

/** Nothing is withdrawn by documents that cannot be read, or that refer to what is not there (I7). */
function whyDoubt(snapshot: FleetSnapshot, unit: Unit): Trouble | undefined {
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

async function readPast(
  repository: Repository,
  { commit, ledgerPath }: { commit: CommitSha; ledgerPath: string },
): Promise<Past> {
  const documents = readFleet(await repository.files(commit, { except: ledgerPath }), { ledgerPath });
  const files = await repository.files(commit, { under: ledgerPath });
  const ledger = joinLedger(files.map((file) => parseLedgerFile(file, { ledgerPath })));
  const placement = place({ ...documents, members: ledger.members });
  const pairs = new Set<string>();
  for (const [application, environments] of placement.applications) {
    for (const [environment, clusters] of environments) {
      if (!ledger.releases.has(`${environment}/${application}`)) continue;
      for (const cluster of clusters) pairs.add(`${application} ${cluster}`);
    }
  }
  return { pairs, members: new Set(ledger.members.keys()) };
}
