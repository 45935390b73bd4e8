import type { ApplicationId, ApplicationStatus, ClusterName, Connection } from '@fairlead/core/model';
import { keyText, splitApplicationId } from '@fairlead/core/model';
import { matches, parseSelector } from '@fairlead/core/placement';
import type { Standing } from '@fairlead/core/rollout';
import type { AssignmentRow, ClusterRow, StatusFilter, StatusRow } from '@fairlead/ports/store';
import { standingsOf } from './decisions.ts';
import { fromCursor, toCursor, type Page, type PageRequest } from './pages.ts';
import type { FleetInForce, ReadPorts } from './ports.ts';

/** Which placements a call is for. */
export interface PlacementQuery extends PageRequest {
  readonly cluster?: string | undefined;
  readonly application?: string | undefined;
  readonly environment?: string | undefined;
  readonly labels?: string | undefined;
  readonly sync?: string | undefined;
  readonly health?: string | undefined;
  readonly drift?: string | undefined;
}

interface Pair {
  readonly cluster: ClusterName;
  readonly application: ApplicationId;
  readonly environment: string;
}

const text = ({ cluster, application }: Pair): string => `${cluster}/${application}`;

/** How many clusters are read at a time: some thousand rows, with or without an application that is asked for. */
const clustersAtATime = { ofAll: 50, ofOne: 500 };

/** After so many rows a call ends with what it has found; `next` goes on from there. */
const mostRows = 20_000;

/**
 * Applications in clusters, one row each: what git places, and what clusters still run though git does not. Where few
 * fit, a page may be short and still name the next one: a call looks at a bounded number of rows.
 */
export async function listPlacements(ports: ReadPorts, query: PlacementQuery) {
  const fleet = ports.fleet();
  if (!fleet) return { items: [] };
  return isReported(query) ? listReported({ ports, fleet }, query) : listByCluster({ ports, fleet }, query);
}

interface Ground {
  readonly ports: ReadPorts;
  readonly fleet: FleetInForce;
}

/** Cluster by cluster, in the order of their rows. */
async function listByCluster({ ports, fleet }: Ground, query: PlacementQuery) {
  const after = query.cursor === undefined ? '' : fromCursor(query.cursor);
  const clusters = clustersOf(fleet, query).filter((cluster) => `${cluster}/\u{10ffff}` > after);
  const step = query.application === undefined ? clustersAtATime.ofAll : clustersAtATime.ofOne;
  const items: Awaited<ReturnType<typeof viewsOf>> = [];
  for (let at = 0, rows = 0; at < clusters.length && items.length <= query.limit; at += step) {
    const some = clusters.slice(at, at + step);
    const read = await readClusters(ports, { clusters: some, application: query.application });
    const pairs = pairsOf({ fleet, read }, query).filter((pair) => text(pair) > after);
    items.push(...(await viewsOf({ ports, read }, pairs)).filter((view) => fits(view, query)));
    rows += read.statuses.size;
    const last = some.at(-1);
    if (rows >= mostRows && items.length <= query.limit && last !== undefined && at + step < clusters.length)
      return { items, next: toCursor(`${last}/\u{10ffff}`) };
  }
  return cut(items, query.limit);
}

/** Members that the query may mean, in the order of their rows. */
function clustersOf(fleet: FleetInForce, query: PlacementQuery): ClusterName[] {
  const among = query.cluster === undefined ? inOrder(fleet) : [query.cluster as ClusterName];
  const isMeant = meant(fleet, query);
  return among.filter(isMeant);
}

/** Whether a cluster is a member that the query may mean. */
function meant({ ledger, placement }: FleetInForce, { labels }: PlacementQuery): (cluster: ClusterName) => boolean {
  const selector = labels === undefined ? undefined : parseSelector(labels);
  return (cluster) =>
    ledger.members.has(cluster) && (!selector || matches(selector, placement.labels.get(cluster) ?? {}));
}

const sorted = new WeakMap<FleetInForce, readonly ClusterName[]>();

/** All members in the order of their rows; sorted once for each head. */
function inOrder(fleet: FleetInForce): readonly ClusterName[] {
  const known = sorted.get(fleet);
  if (known !== undefined) return known;
  const members = ([...fleet.ledger.members.keys()] as ClusterName[]).sort((a, b) => (`${a}/` < `${b}/` ? -1 : 1));
  sorted.set(fleet, members);
  return members;
}

function cut<Item extends { cluster: string; application: string }>(items: Item[], limit: number): Page<Item> {
  const page = items.slice(0, limit);
  const last = page.at(-1);
  return items.length > limit && last
    ? { items: page, next: toCursor(`${last.cluster}/${last.application}`) }
    : { items: page };
}

function fits(view: { sync: string; health: string; drift: string }, { sync, health, drift }: PlacementQuery): boolean {
  return (
    (sync === undefined || view.sync === sync) &&
    (health === undefined || view.health === health) &&
    (drift === undefined || view.drift === drift)
  );
}

/** What the store has of some clusters. */
interface ReadClusters {
  readonly connections: ReadonlyMap<ClusterName, Connection>;
  readonly assignments: ReadonlyMap<string, AssignmentRow>;
  readonly statuses: ReadonlyMap<string, StatusRow>;
}

async function readClusters(
  ports: ReadPorts,
  { clusters, application }: { readonly clusters: readonly ClusterName[]; readonly application: string | undefined },
): Promise<ReadClusters> {
  const of = { clusters, ...optional('application', application as ApplicationId | undefined) };
  const [rows, assignments, statuses] = await Promise.all([
    ports.store.clusters({ names: clusters }),
    ports.store.assignments(of),
    ports.store.statuses(of),
  ]);
  return readOf(ports, { clusters, rows, assignments, statuses });
}

function readOf(
  ports: ReadPorts,
  {
    clusters,
    rows,
    assignments,
    statuses,
  }: {
    readonly clusters: readonly ClusterName[];
    readonly rows: readonly ClusterRow[];
    readonly assignments: readonly AssignmentRow[];
    readonly statuses: readonly StatusRow[];
  },
): ReadClusters {
  const known = new Map(rows.map((row) => [row.cluster, row]));
  return {
    connections: new Map(clusters.map((cluster) => [cluster, ports.connection(known.get(cluster))])),
    assignments: new Map(assignments.map((row) => [text(row), row])),
    statuses: new Map(statuses.map((row) => [`${row.cluster}/${row.status.application}`, row])),
  };
}

/** States that only a status row has: they are found by the store, however few they are among a million. */
function isReported({ sync, health, drift }: PlacementQuery): boolean {
  const bySync = sync !== undefined && sync !== 'Held' && sync !== 'Assigned';
  return bySync || (health !== undefined && health !== 'Missing') || (drift !== undefined && drift !== 'None');
}

/** How many rows of a state are read at a time, and how often before the call ends with what it has. */
const reported = { rowsAtATime: 500, reads: 20 };

/** By the states that clusters report, in the store's order of rows. */
async function listReported({ ports, fleet }: Ground, query: PlacementQuery) {
  const isMeant = meant(fleet, query);
  const items: Awaited<ReturnType<typeof viewsOf>> = [];
  let after = query.cursor === undefined ? undefined : fromCursor(query.cursor);
  for (let reads = 0; reads < reported.reads; reads += 1) {
    // Most of what is found fits: the first read is for one page, for each row costs its cluster's assignments too.
    const limit = reads === 0 ? query.limit + 1 : reported.rowsAtATime;
    const found = await ports.store.statuses({
      ...stateFilter(query),
      limit,
      ...optional('after', after),
    });
    const rows = found.filter(({ cluster }) => isMeant(cluster));
    items.push(...(await viewsOfRows({ ports, fleet }, rows)).filter((view) => fits(view, query) && isOf(view, query)));
    const last = found.at(-1);
    if (items.length > query.limit || found.length < limit || last === undefined) return cut(items, query.limit);
    after = `${last.cluster}/${last.status.application}`;
  }
  return after === undefined ? { items } : { items, next: toCursor(after) };
}

function isOf(view: { environment: string }, { environment }: PlacementQuery): boolean {
  return environment === undefined || view.environment === environment;
}

function stateFilter({ cluster, application, sync, health, drift }: PlacementQuery): StatusFilter {
  return {
    ...optional('cluster', cluster as ClusterName | undefined),
    ...optional('application', application as ApplicationId | undefined),
    ...optional('sync', sync as StatusFilter['sync']),
    ...optional('health', health as StatusFilter['health']),
    ...optional('drift', drift as StatusFilter['drift']),
  };
}

async function viewsOfRows({ ports, fleet }: Ground, statuses: readonly StatusRow[]) {
  const clusters = [...new Set(statuses.map(({ cluster }) => cluster))];
  const applications = new Set(statuses.map(({ status }) => status.application));
  const [only] = applications;
  const of = { clusters, ...(applications.size === 1 ? optional('application', only) : {}) };
  const [rows, assignments] = await Promise.all([
    ports.store.clusters({ names: clusters }),
    ports.store.assignments(of),
  ]);
  const read = readOf(ports, { clusters, rows, assignments, statuses });
  const pairs = statuses.map(({ cluster, status }): Pair => {
    const { application } = status;
    const given = read.assignments.get(`${cluster}/${application}`)?.environment;
    return { cluster, application, environment: given ?? enteredBy(fleet, status) };
  });
  return viewsOf({ ports, read }, pairs);
}

/** All pairs of these clusters that the query may mean, sorted. */
function pairsOf(
  { fleet, read }: { fleet: FleetInForce; read: ReadClusters },
  { application, environment }: PlacementQuery,
): Pair[] {
  const pairs = new Map<string, Pair>();
  const asked = application === undefined ? fleet.placement.applications.keys() : [application as ApplicationId];
  for (const id of asked) {
    for (const [name, placed] of fleet.placement.applications.get(id) ?? []) {
      for (const cluster of within(placed, read.connections)) {
        const pair = { cluster, application: id, environment: name };
        pairs.set(text(pair), pair);
      }
    }
  }
  for (const [key, { cluster, status }] of read.statuses) {
    if (!pairs.has(key))
      pairs.set(key, { cluster, application: status.application, environment: enteredBy(fleet, status) });
  }
  return [...pairs.values()]
    .filter((pair) => environment === undefined || pair.environment === environment)
    .sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

/** Those of a sorted list that are among some; found by halving, for the list is the whole fleet and they are few. */
function* within(sorted: readonly ClusterName[], some: ReadonlyMap<ClusterName, unknown>): Generator<ClusterName> {
  for (const cluster of some.keys()) {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? '') < cluster) low = middle + 1;
      else high = middle;
    }
    if (sorted[low] === cluster) yield cluster;
  }
}

/** The environment whose ledger file once named what a cluster runs; empty where the ledger does not say. */
function enteredBy({ named }: FleetInForce, { application, attempt }: ApplicationStatus): string {
  for (const [key, commits] of named) {
    if (key.endsWith(`/${application}`) && commits.some(({ commit }) => commit === attempt))
      return key.split('/')[0] ?? '';
  }
  return '';
}

async function viewsOf({ ports, read }: { ports: ReadPorts; read: ReadClusters }, pairs: readonly Pair[]) {
  const waiting = pairs.filter((pair) => isWaiting(read, pair));
  const keys = [...new Set(waiting.map(keyOfPair))];
  const standings = new Map(
    await Promise.all(
      keys.map(
        async (key) => [key, new Map((await standingsOf(ports, key)).map((one) => [one.cluster, one]))] as const,
      ),
    ),
  );
  return pairs.map((pair) => {
    const held = standings.get(keyOfPair(pair))?.get(pair.cluster);
    const old = read.connections.get(pair.cluster) !== 'Connected';
    return viewOf(pair, {
      ...optional('assignment', read.assignments.get(text(pair))),
      ...optional('row', read.statuses.get(text(pair))),
      ...optional('held', held),
      old,
    });
  });
}

/** It has not answered to what it was given, or was given nothing: then the planner's word is the newest. */
function isWaiting({ assignments, statuses }: ReadClusters, pair: Pair): boolean {
  const status = statuses.get(text(pair))?.status;
  return status === undefined || assignments.get(text(pair))?.entry?.bundle !== status.bundle;
}

function keyOfPair({ environment, application }: Pair): string {
  const { team, name } = splitApplicationId(application);
  return `${environment}/${team}/${name}`;
}

interface Known {
  readonly assignment?: AssignmentRow;
  readonly row?: StatusRow;
  readonly held?: Standing;
  readonly old: boolean;
}

/** What is shown of one pair. A state of another bundle than the one assigned is not this bundle's: it reads Assigned. */
function viewOf(pair: Pair, { assignment, row, held, old }: Known) {
  const { entry } = assignment ?? {};
  const status = row?.status;
  const answered = status !== undefined && (entry === undefined || status.bundle === entry.bundle);
  const sync =
    entry === undefined && status === undefined ? ('Held' as const) : answered ? status.sync : ('Assigned' as const);
  const why =
    sync === 'Held' || sync === 'Assigned'
      ? (held ?? { reason: 'WaitsForWave' as const, message: 'It has not been given a release yet.' })
      : status;
  return {
    cluster: pair.cluster as string,
    application: pair.application as string,
    environment: assignment?.environment ?? pair.environment,
    ...optional('wave', assignment?.wave ?? held?.wave),
    sync,
    health: status?.health ?? ('Missing' as const),
    drift: status?.drift ?? ('None' as const),
    old,
    ...optional('release', entry?.release ?? status?.release),
    ...optional('version', entry?.version),
    ...optional('bundle', entry?.bundle ?? status?.bundle),
    ...optional('attempt', entry?.attempt ?? status?.attempt),
    objects: status?.objects ?? 0,
    healthyObjects: status?.healthyObjects ?? 0,
    ...optional('sinceMs', row?.sinceMs),
    ...optional('observedAtMs', row?.observedAtMs),
    ...optional('healthyForMs', status?.healthyForMs),
    problems: (status?.problems ?? []).map(({ key, health, reason, message }) => ({
      object: keyText(key),
      health: health as string,
      reason: reason as string,
      message,
    })),
    reason: (why?.reason ?? 'Assigned') as string,
    message: why?.message ?? '',
  };
}

/** A property that is there only where its value is. */
export function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [Name in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [Name in Key]?: Value };
}
