import type { ApplicationId, ApplicationStatus, ClusterName, Connection } from '@fairlead/core/model';
import { keyText, splitApplicationId } from '@fairlead/core/model';
import { matches, parseSelector } from '@fairlead/core/placement';
import type { AssignmentRow, StatusRow } from '@fairlead/ports/store';
import { fromCursor, toCursor, type Page, type PageRequest } from './pages.ts';
import type { FleetInForce, ReadPorts, Why } from './ports.ts';

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

/** How many clusters are read from the store at a time. */
const batch = 50;

/** Applications in clusters, one row each: what git places, and what clusters still run though git does not. */
export async function listPlacements(ports: ReadPorts, query: PlacementQuery) {
  const fleet = ports.fleet();
  const after = query.cursor === undefined ? '' : fromCursor(query.cursor);
  if (!fleet) return { items: [] };
  const clusters = await clustersOf({ ports, fleet }, query);
  const items: Awaited<ReturnType<typeof viewsOf>> = [];
  for (let at = 0; at < clusters.length && items.length <= query.limit; at += batch) {
    const read = await readClusters(ports, clusters.slice(at, at + batch));
    const pairs = pairsOf({ fleet, read }, query).filter((pair) => text(pair) > after);
    items.push(...(await viewsOf({ ports, read }, pairs)).filter((view) => fits(view, query)));
  }
  return cut(items, query.limit);
}

/** Members that the query may mean, in the order of their rows. */
async function clustersOf(
  { ports, fleet }: { ports: ReadPorts; fleet: FleetInForce },
  { cluster, application, labels }: PlacementQuery,
): Promise<ClusterName[]> {
  const selector = labels === undefined ? undefined : parseSelector(labels);
  const id = application as ApplicationId | undefined;
  const placed = id === undefined ? [] : [...(fleet.placement.applications.get(id)?.values() ?? [])].flat();
  const running = id === undefined ? [] : (await ports.store.statuses({ application: id })).map((row) => row.cluster);
  const among = new Set(id === undefined ? fleet.ledger.members.keys() : [...placed, ...running]) as Set<ClusterName>;
  return [...among]
    .filter(
      (one) =>
        fleet.ledger.members.has(one) &&
        (cluster === undefined || one === cluster) &&
        (!selector || matches(selector, fleet.placement.labels.get(one) ?? {})),
    )
    .sort((a, b) => (`${a}/` < `${b}/` ? -1 : 1));
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

async function readClusters(ports: ReadPorts, clusters: readonly ClusterName[]): Promise<ReadClusters> {
  const [rows, assignments, statuses] = await Promise.all([
    Promise.all(clusters.map((cluster) => ports.store.cluster(cluster))),
    Promise.all(clusters.map((cluster) => ports.store.assignments({ cluster }))),
    Promise.all(clusters.map((cluster) => ports.store.statuses({ cluster }))),
  ]);
  return {
    connections: new Map(clusters.map((cluster, at) => [cluster, ports.connection(rows[at])])),
    assignments: new Map(assignments.flat().map((row) => [text(row), row])),
    statuses: new Map(statuses.flat().map((row) => [`${row.cluster}/${row.status.application}`, row])),
  };
}

/** All pairs of these clusters that the query may mean, sorted. */
function pairsOf(
  { fleet, read }: { fleet: FleetInForce; read: ReadClusters },
  { application, environment }: PlacementQuery,
): Pair[] {
  const pairs = new Map<string, Pair>();
  for (const [id, environments] of fleet.placement.applications) {
    for (const [name, placed] of environments) {
      for (const cluster of placed) {
        const pair = { cluster, application: id, environment: name };
        if (read.connections.has(cluster)) pairs.set(text(pair), pair);
      }
    }
  }
  for (const [key, { cluster, status }] of read.statuses) {
    if (!pairs.has(key))
      pairs.set(key, { cluster, application: status.application, environment: enteredBy(fleet, status) });
  }
  return [...pairs.values()]
    .filter(
      (pair) =>
        (application === undefined || pair.application === application) &&
        (environment === undefined || pair.environment === environment),
    )
    .sort((a, b) => (text(a) < text(b) ? -1 : 1));
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
  const keys = [...new Set(pairs.map(keyOfPair))];
  const decisions = await Promise.all(keys.map(async (key) => [key, await ports.decided(key)] as const));
  const decided = new Map(decisions);
  return pairs.map((pair) => {
    const held = decided.get(keyOfPair(pair))?.clusters.find((one) => one.cluster === pair.cluster);
    const old = read.connections.get(pair.cluster) !== 'Connected';
    return viewOf(pair, {
      ...optional('assignment', read.assignments.get(text(pair))),
      ...optional('row', read.statuses.get(text(pair))),
      ...optional('held', held),
      old,
    });
  });
}

function keyOfPair({ environment, application }: Pair): string {
  const { team, name } = splitApplicationId(application);
  return `${environment}/${team}/${name}`;
}

interface Known {
  readonly assignment?: AssignmentRow;
  readonly row?: StatusRow;
  readonly held?: Why & { readonly wave?: string; readonly state: string };
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
