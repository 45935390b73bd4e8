import { joinLedger, parseLedgerFile, readFleet } from '@fairlead/core/documents';
import type { ClusterName, CommitSha } from '@fairlead/core/model';
import { place } from '@fairlead/core/placement';
import type { Repository } from '@fairlead/ports/repository';
import { selectorText } from './reader/fold.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import type { Unit } from './units.ts';

/** How many commits back the one that took an application away is looked for. */
const searchedCommits = 500;
/** How many past placements are kept. */
const keptPlacements = 200;

/** Placements of a commit: `APPLICATION CLUSTER`, of those that have a ledger file. */
type Pairs = ReadonlySet<string>;

/** What the documents and the ledger of a commit came to. */
export interface Past {
  readonly pairs: Pairs;
  readonly members: ReadonlySet<string>;
  /** The selector of each environment, as text. */
  readonly selectors: ReadonlyMap<string, string>;
  /** Environments that selected every member. */
  readonly whole: ReadonlySet<string>;
}

/** Placements of past commits. */
export interface Placements {
  at(commit: CommitSha, ledgerPath: string): Promise<Past>;
  parentOf(commit: CommitSha): Promise<CommitSha | undefined>;
  /** The newest commit whose parent still gave the cluster the application. */
  taker(
    snapshot: FleetSnapshot,
    departure: { readonly unit: Unit; readonly cluster: ClusterName },
  ): Promise<CommitSha | undefined>;
}

/** Reads placements from the repository's history; what a commit placed never changes, so it is kept. */
export function readPlacements(repository: Repository): Placements {
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
  const whole = [...placement.environments].filter(([, clusters]) => clusters.length === ledger.members.size);
  return {
    pairs,
    members: new Set(ledger.members.keys()),
    selectors: new Map([...documents.environments].map(([name, { spec }]) => [name, selectorText(spec.clusters)])),
    whole: new Set(whole.map(([name]) => name)),
  };
}
