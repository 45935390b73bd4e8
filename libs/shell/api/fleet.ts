import { subjectText, type ClusterName, type Connection, type FairleadError } from '@fairlead/core/model';
import { FairleadError as Failure } from '@fairlead/core/model';
import { silenceOf } from '@fairlead/core/connection';
import { matches, parseSelector } from '@fairlead/core/placement';
import { inputProblems } from './inputs.ts';
import { pageOf, type PageRequest } from './pages.ts';
import { optional } from './optional.ts';
import type { ReadPorts } from './ports.ts';
import type { ClusterRow, Tally } from '@fairlead/ports/store';

/** A problem as people read it. */
export function problemView(problem: FairleadError) {
  const { file, line, object, field, application, environment, cluster } = problem.subject;
  return {
    reason: problem.reason as string,
    message: problem.message,
    ...optional('file', file),
    ...optional('line', line),
    ...optional('object', object),
    ...optional('field', field),
    ...optional('application', application),
    ...optional('environment', environment),
    ...optional('cluster', cluster),
  };
}

/** The fleet at a glance. */
export async function getFleet(ports: ReadPorts) {
  const fleet = ports.fleet();
  const total = fleet?.ledger.members.size ?? 0;
  const at = { nowMs: ports.clock.now(), ...silenceOf(fleet?.documents.fleet) };
  const [counts, heard, troubles, inputs] = await Promise.all([
    ports.store.counts(),
    ports.store.connections(at),
    ports.troubles(),
    inputProblems(ports),
  ]);
  const never = Math.max(0, total - heard.Connected - heard.Silent - heard.Lost);
  const connection = Object.fromEntries(Object.entries({ ...heard, Never: never }).filter(([, count]) => count > 0));
  const problems = [...troubles, ...(fleet?.problems ?? [])];
  const told = new Set(problems.map(({ message }) => message));
  return {
    name: fleet?.documents.fleet?.metadata.name ?? '',
    repository: ports.repository,
    ...optional('head', fleet?.head as string | undefined),
    ...optional('epoch', fleet?.ledger.epoch),
    clusters: { total, connection },
    applications: {
      total: fleet?.documents.applications.size ?? 0,
      sync: { ...counts.sync },
      health: { ...counts.health },
      drift: { ...counts.drift },
    },
    problems: [
      ...problems.sort((a, b) => (subjectText(a.subject) < subjectText(b.subject) ? -1 : 1)).map(problemView),
      ...inputs.filter(({ message }) => !told.has(message)),
    ],
  };
}

/** Which members a call is for. */
export interface ClusterQuery extends PageRequest {
  readonly labels?: string | undefined;
  readonly environment?: string | undefined;
  readonly connection?: Connection | undefined;
}

/** Members by name. */
export async function listClusters(ports: ReadPorts, query: ClusterQuery) {
  const fleet = ports.fleet();
  const selector = query.labels === undefined ? undefined : parseSelector(query.labels);
  const names = [...(fleet?.ledger.members.keys() ?? [])].sort().filter((name) => {
    const inEnvironment =
      query.environment === undefined ||
      fleet?.placement.environments.get(query.environment)?.includes(name as ClusterName);
    return inEnvironment && (!selector || matches(selector, fleet?.placement.labels.get(name as ClusterName) ?? {}));
  });
  const rows =
    query.connection === undefined
      ? undefined
      : new Map((await ports.store.clusters()).map((row) => [row.cluster as string, row]));
  const shown = rows ? names.filter((name) => ports.connection(rows.get(name)) === query.connection) : names;
  const page = pageOf(shown, { ...query, key: (name) => name });
  return { ...page, items: await clusterViews(ports, page.items as ClusterName[]) };
}

/** One member. Throws `FairleadError` (NotFound). */
export async function getCluster(ports: ReadPorts, name: string) {
  const [view] = ports.fleet()?.ledger.members.has(name) ? await clusterViews(ports, [name as ClusterName]) : [];
  if (view) return view;
  throw new Failure(
    `Cannot show the cluster ${name}: the ledger names no such member. See \`fairlead cluster list\`.`,
    { code: 'NotFound', reason: 'NotAMember', subject: { cluster: name } },
  );
}

const reasonOf = {
  Connected: 'Current',
  Silent: 'ClusterSilent',
  Lost: 'ClusterLost',
  Never: 'NeverConnected',
} as const;

async function clusterViews(ports: ReadPorts, names: readonly ClusterName[]) {
  const [rows, tallies] = await Promise.all([ports.store.clusters({ names }), ports.store.tallies(names)]);
  const known = new Map(rows.map((row) => [row.cluster, row]));
  return names.map((name) => clusterView(ports, { name, row: known.get(name), tally: tallies.get(name) }));
}

function clusterView(
  ports: ReadPorts,
  { name, row, tally }: { name: ClusterName; row: ClusterRow | undefined; tally: Tally | undefined },
) {
  const fleet = ports.fleet();
  const member = fleet?.ledger.members.get(name);
  const connection = ports.connection(row);
  const environments = [...(fleet?.placement.environments ?? [])]
    .filter(([, clusters]) => clusters.includes(name))
    .map(([environment]) => environment);
  return {
    name: name as string,
    labels: { ...fleet?.placement.labels.get(name) },
    environments,
    connection,
    agentVersion: row?.agentVersion ?? '',
    kubernetesVersion: row?.kubernetesVersion ?? member?.spec.kubernetes ?? '',
    ...optional('position', row?.ackedPosition && { ...row.ackedPosition }),
    ...optional('lastHeardAtMs', row?.lastHeardAtMs),
    ...optional('frozen', member?.spec.frozen),
    applications: tally?.applications ?? 0,
    inSync: tally?.inSync ?? 0,
    healthy: tally?.healthy ?? 0,
    reason: (member?.spec.frozen ? 'Frozen' : reasonOf[connection]) as string,
    message: member?.spec.frozen?.reason ?? '',
  };
}

/** Environments by name. */
export async function listEnvironments(ports: ReadPorts, query: PageRequest) {
  const fleet = ports.fleet();
  const names = [...(fleet?.documents.environments.keys() ?? [])].sort();
  const page = pageOf(names, { ...query, key: (name) => name });
  const items = page.items.map((name) => ({
    name,
    clusters: [...(fleet?.placement.environments.get(name) ?? [])] as string[],
    applications: [...(fleet?.placement.applications ?? [])]
      .filter(([, environments]) => environments.has(name))
      .map(([id]) => id as string),
    waves: (fleet?.documents.environments.get(name)?.spec.rollout.waves ?? []).map((wave) => wave.name),
    problems: (fleet?.problems ?? []).filter((problem) => problem.subject.environment === name).map(problemView),
  }));
  return { ...page, items };
}
