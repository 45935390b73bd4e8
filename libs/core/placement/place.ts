import {
  FairleadError,
  type Application,
  type ApplicationId,
  type Cluster,
  type ClusterName,
  type Environment,
  type Member,
  type Team,
} from '@fairlead/core/model';
import { matches, type Labels } from './selector.ts';

/** What placement looks at: git alone. */
export interface PlacementInput {
  readonly applications: ReadonlyMap<ApplicationId, Application>;
  readonly environments: ReadonlyMap<string, Environment>;
  readonly teams: ReadonlyMap<string, Team>;
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly members: ReadonlyMap<string, Member>;
}

/** A cluster that several environments of one pipeline select; it keeps what it runs. */
export interface Conflict {
  readonly application: ApplicationId;
  readonly cluster: ClusterName;
  readonly environments: readonly string[];
}

/** A selector that fits no member; held, never read as a removal. */
export interface EmptySelection {
  readonly environment: string;
  /** Where the environment has clusters, and this application's pipeline entry narrows them to none. */
  readonly application?: ApplicationId;
}

/** Who runs what where, by labels. Lists of clusters are sorted by name. */
export interface Placement {
  /** Effective labels of each member. */
  readonly labels: ReadonlyMap<ClusterName, Labels>;
  /** Members that each environment selects. */
  readonly environments: ReadonlyMap<string, readonly ClusterName[]>;
  /** Application → environment → clusters; an environment that the team may not use, or that does not exist, has none. */
  readonly applications: ReadonlyMap<ApplicationId, ReadonlyMap<string, readonly ClusterName[]>>;
  /** In neither environment's list. */
  readonly conflicts: readonly Conflict[];
  readonly empty: readonly EmptySelection[];
  readonly problems: readonly FairleadError[];
}

/** Labels that select a member: its ledger file's, with those of its Cluster document over them. */
export function effectiveLabels(member: Member, cluster: Cluster | undefined): Labels {
  return { ...member.spec.labels, ...cluster?.metadata.labels };
}

/** True if the team's applications may run in the environment; a team that lists none may use all. */
export function mayEnter(team: Team | undefined, environment: string): boolean {
  const allowed = team?.spec.environments ?? [];
  return allowed.length === 0 || allowed.includes(environment);
}

function conflictProblem({ application, cluster, environments }: Conflict): FairleadError {
  return new FairleadError(
    `Cannot place ${application} on ${cluster}: the environments ${environments.join(' and ')} of its pipeline both select it. It keeps what it runs; change the cluster's labels or narrow the pipeline's entries.`,
    { code: 'FailedPrecondition', reason: 'EnvironmentConflict', subject: { application, cluster } },
  );
}

function emptyProblem({ application, environment }: EmptySelection): FairleadError {
  const what = application === undefined ? `environment ${environment}` : `${application} in ${environment}`;
  return new FairleadError(
    `Cannot place ${what}: its selector matches no member. What runs stays; correct the selector or the labels, or acknowledge it with \`fairlead acknowledge Selector ${environment}\`.`,
    {
      code: 'FailedPrecondition',
      reason: 'SelectorMatchesNothing',
      subject: application === undefined ? { environment } : { application, environment },
    },
  );
}

/** How many clusters a problem names. */
const mostNamed = 5;

/** Waves whose selectors both claim a cluster: the first takes it, and is said to. */
function overlapsIn(
  [environment, { spec }]: readonly [string, Environment],
  { labels, clusters }: { labels: ReadonlyMap<ClusterName, Labels>; clusters: readonly ClusterName[] },
): FairleadError[] {
  const both = new Map<string, ClusterName[]>();
  for (const cluster of clusters) {
    const claims = spec.rollout.waves.filter(
      (wave) => wave.clusters && matches(wave.clusters, labels.get(cluster) ?? {}),
    );
    const [first, ...others] = claims.map(({ name }) => name);
    for (const other of others) {
      const pair = `${first} and ${other}`;
      both.set(pair, [...(both.get(pair) ?? []), cluster]);
    }
  }
  return [...both].map(([pair, found]) => overlapProblem(environment, { pair, found }));
}

function overlapProblem(
  environment: string,
  { pair, found }: { pair: string; found: readonly ClusterName[] },
): FairleadError {
  const more = found.length > mostNamed ? `, and ${found.length - mostNamed} more` : '';
  const names = `${found.slice(0, mostNamed).join(', ')}${more}`;
  return new FairleadError(
    `Cannot tell the waves ${pair} of environment ${environment} apart: both select ${names}. The first takes them; narrow one of the two.`,
    { code: 'FailedPrecondition', reason: 'WavesOverlap', subject: { environment } },
  );
}

interface Selected {
  readonly labels: ReadonlyMap<ClusterName, Labels>;
  readonly environments: ReadonlyMap<string, readonly ClusterName[]>;
}

/** The clusters of each entry of a pipeline, before conflicts are taken out. */
function selectEntries(application: Application, { team, selected }: { team: Team | undefined; selected: Selected }) {
  return application.spec.pipeline.map((entry) => {
    const { environment, clusters: narrowing } = entry;
    const whole = selected.environments.get(environment) ?? [];
    const chosen =
      narrowing === undefined ? whole : whole.filter((name) => matches(narrowing, selected.labels.get(name) ?? {}));
    return {
      environment,
      clusters: mayEnter(team, environment) ? chosen : [],
      narrowedToNone: whole.length > 0 && chosen.length === 0,
    };
  });
}

/** Clusters that stand in more than one of the lists. */
function findConflicts(
  application: ApplicationId,
  entries: ReturnType<typeof selectEntries>,
): Map<ClusterName, Conflict> {
  const found = new Map<ClusterName, Conflict>();
  // One list alone is in conflict with nobody, and it may be the whole fleet.
  if (entries.length < 2) return found;
  const first = new Map<ClusterName, string>();
  for (const { environment, clusters } of entries) {
    for (const cluster of clusters) {
      const before = first.get(cluster);
      if (before === undefined) first.set(cluster, environment);
      else
        found.set(cluster, {
          application,
          cluster,
          environments: [...(found.get(cluster)?.environments ?? [before]), environment],
        });
    }
  }
  return found;
}

/** The same list where nothing is taken out: applications share those of their environments. */
function without(clusters: readonly ClusterName[], some: ReadonlyMap<ClusterName, unknown>): readonly ClusterName[] {
  return some.size === 0 ? clusters : clusters.filter((name) => !some.has(name));
}

/** Decides by labels in git which member belongs to which environment of which application. */
export function place(input: PlacementInput): Placement {
  const names = ([...input.members.keys()] as ClusterName[]).sort();
  const labels = new Map<ClusterName, Labels>();
  for (const name of names) {
    const member = input.members.get(name);
    if (member !== undefined) labels.set(name, effectiveLabels(member, input.clusters.get(name)));
  }
  const environments = new Map<string, readonly ClusterName[]>();
  for (const [name, { spec }] of input.environments) {
    environments.set(
      name,
      names.filter((cluster) => matches(spec.clusters, labels.get(cluster) ?? {})),
    );
  }
  const empty: EmptySelection[] = [...environments]
    .filter(([, clusters]) => clusters.length === 0)
    .map(([environment]) => ({ environment }));
  const conflicts: Conflict[] = [];
  const applications = new Map<ApplicationId, ReadonlyMap<string, readonly ClusterName[]>>();
  for (const [id, application] of input.applications) {
    const team = input.teams.get(application.spec.team);
    const entries = selectEntries(application, { team, selected: { labels, environments } });
    const twice = findConflicts(id, entries);
    conflicts.push(...twice.values());
    for (const { environment, narrowedToNone } of entries)
      if (narrowedToNone) empty.push({ application: id, environment });
    applications.set(id, new Map(entries.map(({ environment, clusters }) => [environment, without(clusters, twice)])));
  }
  // A fleet without members has nothing to match yet; that is no news to anyone.
  const problems = [
    ...conflicts.map(conflictProblem),
    ...(names.length === 0 ? [] : empty.map(emptyProblem)),
    ...[...input.environments].flatMap((one) => overlapsIn(one, { labels, clusters: environments.get(one[0]) ?? [] })),
  ];
  return { labels, environments, applications, conflicts, empty, problems };
}
