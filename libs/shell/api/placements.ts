import type { ApplicationId, ClusterName, DriftState, HealthState, SyncState } from '@fairlead/core/model';
import { matches, parseSelector } from '@fairlead/core/placement';
import type { AssignmentRow, RowKey, StatusFilter, StatusRow } from '@fairlead/ports/store';
import { enteredBy, isAmong, placedBy } from './environments.ts';
import { optional } from './optional.ts';
import { fromCursor, toCursor, type PageRequest } from './pages.ts';
import { nameOf, stateOf, viewsOf, type Placed } from './placed.ts';
import type { FleetInForce, ReadPorts } from './ports.ts';

/** Which placements a call is for. */
export interface PlacementQuery extends PageRequest {
  readonly cluster?: string | undefined;
  readonly application?: string | undefined;
  readonly environment?: string | undefined;
  readonly labels?: string | undefined;
  readonly sync?: SyncState | undefined;
  readonly health?: HealthState | undefined;
  readonly drift?: DriftState | undefined;
}

/** How many clusters are read at a time: some thousand rows, with or without an application that is asked for. */
const clustersAtATime = { ofAll: 20, ofOne: 500 };

/** After so many rows a call ends with what it has found; `next` goes on from there. */
const mostRows = 20_000;

/**
 * Applications in clusters, one row each: what git places, and what clusters still run though git does not. Where few
 * fit, a page may be short and still name the next one: a call looks at a bounded number of rows.
 */
export async function listPlacements(ports: ReadPorts, query: PlacementQuery) {
  const fleet = ports.fleet();
  if (!fleet) return { items: [] };
  const found = isReported(query)
    ? await findReported({ ports, fleet }, query)
    : await findByCluster({ ports, fleet }, query);
  const shown = found.placed.slice(0, query.limit);
  const last = shown.at(-1);
  const next = found.placed.length > query.limit && last !== undefined ? nameOf(last) : found.next;
  return { items: await viewsOf(ports, shown), ...optional('next', next === undefined ? undefined : toCursor(next)) };
}

interface Ground {
  readonly ports: ReadPorts;
  readonly fleet: FleetInForce;
}

/** What fits, in order: more than a page holds, or all that there was up to `next`. */
interface Found {
  readonly placed: readonly Placed[];
  readonly next?: string;
}

/** Cluster by cluster, in the order of their rows. */
async function findByCluster({ ports, fleet }: Ground, query: PlacementQuery): Promise<Found> {
  const after = query.cursor === undefined ? '' : fromCursor(query.cursor);
  const clusters = clustersOf(fleet, query).filter((cluster) => `${cluster}/\u{10ffff}` > after);
  const isOfOne = query.application !== undefined;
  const most = isOfOne ? clustersAtATime.ofOne : clustersAtATime.ofAll;
  // Most of what is found fits: at first about as many clusters as fill a page.
  const applications = isOfOne ? 1 : Math.max(1, fleet.placement.applications.size);
  let step = Math.min(most, Math.ceil((query.limit + 1) / applications));
  const placed: Placed[] = [];
  for (let at = 0, rows = 0; at < clusters.length && placed.length <= query.limit; at += step, step = most) {
    const some = clusters.slice(at, at + step);
    const read = await readClusters(ports, { clusters: some, application: query.application });
    placed.push(...placedOf({ fleet, read }, query).filter((one) => nameOf(one) > after && fits(one, query)));
    rows += read.statuses.size;
    const last = some.at(-1);
    if (rows >= mostRows && placed.length <= query.limit && last !== undefined && at + step < clusters.length)
      return { placed, next: `${last}/\u{10ffff}` };
  }
  return { placed };
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

function fits(placed: Placed, { environment, sync, health, drift }: PlacementQuery): boolean {
  const state = stateOf(placed);
  return (
    (environment === undefined || placed.environment === environment) &&
    (sync === undefined || state.sync === sync) &&
    (health === undefined || state.health === health) &&
    (drift === undefined || state.drift === drift)
  );
}

/** What the store has of some clusters. */
interface ReadClusters {
  readonly clusters: readonly ClusterName[];
  readonly assignments: ReadonlyMap<string, AssignmentRow>;
  readonly statuses: ReadonlyMap<string, StatusRow>;
}

async function readClusters(
  { store }: ReadPorts,
  { clusters, application }: { readonly clusters: readonly ClusterName[]; readonly application: string | undefined },
): Promise<ReadClusters> {
  const of = { clusters, ...optional('application', application as ApplicationId | undefined) };
  const [assignments, statuses] = await Promise.all([store.assignments(of), store.statuses(of)]);
  return {
    clusters,
    assignments: new Map(assignments.map((row) => [nameOf(row), row])),
    statuses: new Map(statuses.map((row) => [nameOf(keyOf(row)), row])),
  };
}

function keyOf({ cluster, status }: StatusRow): RowKey {
  return { cluster, application: status.application };
}

/** All that git places in these clusters and all that they say that they run, sorted. */
function placedOf(
  { fleet, read }: { fleet: FleetInForce; read: ReadClusters },
  { application }: PlacementQuery,
): Placed[] {
  const placed = new Map<string, Placed>();
  const add = (key: RowKey, environment: () => string): void => {
    const name = nameOf(key);
    const assignment = read.assignments.get(name);
    const known = { ...optional('assignment', assignment), ...optional('row', read.statuses.get(name)) };
    if (!placed.has(name))
      placed.set(name, { ...key, environment: assignment?.environment ?? environment(), ...known });
  };
  const asked = application === undefined ? fleet.placement.applications.keys() : [application as ApplicationId];
  for (const id of asked)
    for (const [environment, members] of fleet.placement.applications.get(id) ?? [])
      for (const cluster of read.clusters)
        if (isAmong(members, cluster)) add({ cluster, application: id }, () => environment);
  for (const row of read.statuses.values()) add(keyOf(row), () => enteredBy(fleet, row.status));
  return [...placed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** States that only a status row has: they are found by the store, however few they are among a million. */
function isReported({ sync, health, drift }: PlacementQuery): boolean {
  const bySync = sync !== undefined && sync !== 'Held' && sync !== 'Assigned';
  return bySync || (health !== undefined && health !== 'Missing') || (drift !== undefined && drift !== 'None');
}

/** How many rows of a state are read at a time, and how often before the call ends with what it has. */
const reported = { rowsAtATime: 500, reads: 20 };

/** By the states that clusters report, in the store's order of rows. */
async function findReported({ ports, fleet }: Ground, query: PlacementQuery): Promise<Found> {
  const isMeant = meant(fleet, query);
  const placed: Placed[] = [];
  let after = query.cursor === undefined ? undefined : fromCursor(query.cursor);
  for (let reads = 0; reads < reported.reads; reads += 1) {
    // Most of what is found fits: the first read is for one page.
    const limit = reads === 0 ? query.limit + 1 : reported.rowsAtATime;
    const found = await ports.store.statuses({ ...stateFilter(query), limit, ...optional('after', after) });
    const rows = found.filter(({ cluster }) => isMeant(cluster));
    placed.push(...(await placedRows({ ports, fleet }, rows)).filter((one) => fits(one, query)));
    const last = found.at(-1);
    if (placed.length > query.limit || found.length < limit || last === undefined) return { placed };
    after = nameOf(keyOf(last));
  }
  return { placed, ...optional('next', after) };
}

function stateFilter({ cluster, application, sync, health, drift }: PlacementQuery): StatusFilter {
  return {
    ...optional('cluster', cluster as ClusterName | undefined),
    ...optional('application', application as ApplicationId | undefined),
    ...optional('sync', sync),
    ...optional('health', health),
    ...optional('drift', drift),
  };
}

/** Status rows with their assignments. */
async function placedRows({ ports, fleet }: Ground, rows: readonly StatusRow[]): Promise<Placed[]> {
  const assignments = rows.length === 0 ? [] : await ports.store.assignments({ keys: rows.map(keyOf) });
  const given = new Map(assignments.map((row) => [nameOf(row), row]));
  return rows.map((row) => {
    const key = keyOf(row);
    const assignment = given.get(nameOf(key));
    const environment = assignment?.environment ?? placedBy(fleet, key) ?? enteredBy(fleet, row.status);
    return { ...key, environment, row, ...optional('assignment', assignment) };
  });
}
