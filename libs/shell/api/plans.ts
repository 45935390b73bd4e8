import {
  asFairleadError,
  FairleadError,
  type ApplicationId,
  type ClusterName,
  type Digest,
  type EnvironmentName,
  type PlanAnswer,
} from '@fairlead/core/model';
import { askPlan, type AskPorts } from './asking.ts';
import { problemView } from './fleet.ts';
import { pageOf } from './pages.ts';

/** A release that is looked at, as the planner's side gives it. */
export interface PlannedRelease {
  readonly release: { readonly digest: Digest; readonly version: string };
  readonly clusters: readonly ClusterName[];
  bundles(clusters: readonly ClusterName[]): Promise<ReadonlyMap<ClusterName, Digest | FairleadError>>;
}

/** What plans are made from. */
export type PlanPorts = AskPorts & {
  readonly previews: {
    of(request: {
      readonly application: ApplicationId;
      readonly environment: EnvironmentName;
      readonly release?: string;
    }): Promise<PlannedRelease>;
  };
};

/** Which release is planned, for whom. */
export interface PlanQuery {
  readonly application: string;
  readonly environment: string;
  /** One cluster of the environment only. */
  readonly cluster?: string | undefined;
  /** A digest or version; the newest offer unless it is given. */
  readonly release?: string | undefined;
  /** Clusters that are asked in one call. */
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Clusters in which the same would change. */
interface Group {
  readonly clusters: string[];
  readonly plan: PlanAnswer;
}

/**
 * What a release would change in the clusters of an environment, by a dry run in each, grouped by equal result; a page of clusters
 * at a time. A cluster that cannot be rendered for or asked is a problem, and keeps nobody else's answer. Throws `FairleadError`
 * where there is no such release or cluster.
 */
export async function createPlan(ports: PlanPorts, query: PlanQuery) {
  const { environment, release: word, cluster } = query;
  const application = query.application as ApplicationId;
  const { release, clusters, bundles } = await ports.previews.of({
    application,
    environment: environment as EnvironmentName,
    ...(word === undefined ? {} : { release: word }),
  });
  const among = cluster === undefined ? clusters : clusters.filter((name) => name === cluster);
  if (among.length === 0) throw nobody(query);
  const page = pageOf(among, { ...query, key: (name) => name });
  const rendered = await bundles(page.items);
  const groups = new Map<string, Group>();
  const problems: { cluster: string; reason: string; message: string }[] = [];
  await Promise.all(
    page.items.map(async (name) => {
      try {
        const plan = await planIn(ports, { application, cluster: name, bundle: rendered.get(name) });
        const group = groups.get(plan.digest) ?? { clusters: [], plan };
        groups.set(plan.digest, group);
        group.clusters.push(name);
      } catch (thrown) {
        const { reason, message } = problemView(asFairleadError(thrown));
        problems.push({ cluster: name, reason, message });
      }
    }),
  );
  return {
    application: application as string,
    environment,
    release: release.digest as string,
    version: release.version,
    clusters: among.length,
    groups: [...groups.values()].map((group) => ({ ...group, clusters: group.clusters.sort() })).sort(bySize),
    problems: problems.sort((a, b) => (a.cluster < b.cluster ? -1 : 1)),
    ...(page.next === undefined ? {} : { next: page.next }),
  };
}

function planIn(
  ports: AskPorts,
  about: {
    readonly application: ApplicationId;
    readonly cluster: ClusterName;
    readonly bundle: Digest | FairleadError | undefined;
  },
): Promise<PlanAnswer> {
  const { application, cluster, bundle } = about;
  if (typeof bundle === 'string') return askPlan(ports, { application, cluster, bundle });
  const unrendered = new FairleadError(`Cannot plan ${application} in ${cluster}: there is no bundle for it.`, {
    code: 'FailedPrecondition',
    reason: 'RenderFailed',
  });
  return Promise.reject(bundle ?? unrendered);
}

function bySize(a: Group, b: Group): number {
  return b.clusters.length - a.clusters.length || ((a.clusters[0] ?? '') < (b.clusters[0] ?? '') ? -1 : 1);
}

function nobody({ application, environment, cluster }: PlanQuery): FairleadError {
  const who = cluster === undefined ? 'no cluster' : `no cluster ${cluster}`;
  return new FairleadError(
    `Cannot plan ${application} in ${environment}: its pipeline places it in ${who} there. See \`fairlead environments -o wide\`.`,
    { code: 'NotFound', reason: 'NotFound', subject: { application, environment } },
  );
}
