import type { ApplicationId, ApplicationStatus, ClusterName, CommitSha } from '@fairlead/core/model';
import type { RowKey } from '@fairlead/ports/store';
import type { FleetInForce } from './ports.ts';

/** The environment of git's pipelines that places the application there; undefined where none does. */
export function placedBy({ placement }: FleetInForce, { cluster, application }: RowKey): string | undefined {
  for (const [environment, clusters] of placement.applications.get(application) ?? [])
    if (isAmong(clusters, cluster)) return environment;
  return undefined;
}

/** Found by halving, for the list is the whole fleet. */
export function isAmong(sorted: readonly ClusterName[], cluster: ClusterName): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < cluster) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === cluster;
}

type Entered = ReadonlyMap<string, string>;
const entered = new WeakMap<FleetInForce['named'], Map<ApplicationId, Entered>>();

/** The environment whose ledger file once named what a cluster runs; empty where the ledger does not say. */
export function enteredBy({ named }: FleetInForce, { application, attempt }: ApplicationStatus): string {
  let known = entered.get(named);
  if (known === undefined) entered.set(named, (known = new Map()));
  let commits = known.get(application);
  if (commits === undefined) known.set(application, (commits = enteredIn(named, application)));
  return commits.get(attempt) ?? '';
}

/** Environments by the commits that named something of the application there; looked up once for each head. */
function enteredIn(named: FleetInForce['named'], application: ApplicationId): Entered {
  const environments = new Map<CommitSha, string>();
  for (const [key, commits] of named) {
    if (!key.endsWith(`/${application}`)) continue;
    for (const { commit } of commits) if (!environments.has(commit)) environments.set(commit, key.split('/')[0] ?? '');
  }
  return environments;
}
