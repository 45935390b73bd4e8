import { randomUUID } from 'node:crypto';
import {
  comparePositions,
  FairleadError,
  type ClusterName,
  type Connection,
  type Digest,
  type EnvironmentName,
  type JsonObject,
  type Position,
} from '@fairlead/core/model';
import { factText } from './facts.ts';
import { blobs } from './fake.blobs.ts';
import { leases } from './fake.leases.ts';
import type {
  AssignmentFilter,
  Change,
  Claimant,
  Counts,
  DesiredOf,
  EventQuery,
  Guard,
  HeardAt,
  Hello,
  RowFilter,
  Store,
  Tally,
  TokenClaim,
} from './port.ts';
import type {
  AssignmentRow,
  BlobRow,
  ClusterRow,
  ContactRow,
  EventRow,
  HeadRow,
  OutboxRow,
  StatusRow,
  TokenRow,
} from './rows.ts';
import { goingOn } from './starts.ts';
import { judgeClaim, tokenMemoryMs } from './tokens.ts';

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** How many events are kept, the newest. */
  readonly journalLimit?: number;
  /** Milliseconds since 1970, for leases. */
  readonly now?: () => number;
}

/** Everything that the fake keeps. */
export interface Tables {
  clusters: Map<string, ClusterRow>;
  assignments: Map<string, AssignmentRow>;
  statuses: Map<string, StatusRow>;
  tokens: Map<string, TokenRow>;
  blobs: Map<string, BlobRow & { usedAtMs: number }>;
  facts: Map<string, JsonObject>;
  events: EventRow[];
  outbox: OutboxRow[];
  instances: Map<string, { role: string; untilMs: number }>;
  lead: { fence: number; holder: string | undefined; untilMs: number };
  lastId: number;
}

/** A whole store in memory, for tests and simulations. It forgets everything when it is dropped. */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const journalLimit = options.journalLimit ?? 100_000;
  const bells = new Set<() => void>();
  const tables = emptyTables();
  const now = options.now ?? Date.now;
  const read = <T>(take: (tables: Tables) => T): Promise<T> => Promise.resolve(structuredClone(take(tables)));
  return {
    id: randomUUID(),
    async write(changes, guard) {
      checkGuard(tables, guard);
      for (const change of changes) if ('put' in change && change.put === 'fact') factText(change.key, change.value);
      checkHeads(tables, changes);
      for (const change of changes) apply(tables, { change: structuredClone(change), nowMs: now() });
      tables.events.splice(0, Math.max(0, tables.events.length - journalLimit));
      if (changes.some((change) => 'put' in change && change.put === 'outbox')) for (const ring of bells) ring();
    },
    cluster: (cluster) => read((all) => all.clusters.get(cluster)),
    clusters: ({ after = '', limit = Infinity, names } = {}) =>
      read((all) =>
        sorted(all.clusters, (key) => key > after && (names?.includes(key as ClusterName) ?? true)).slice(0, limit),
      ),
    desired: (clusters) => read((all) => desiredOf(all, clusters)),
    async raiseSession(cluster, hello) {
      const row = {
        ...tables.clusters.get(cluster),
        ...sessionOf(tables.clusters.get(cluster), { cluster, ...hello }),
      };
      delete row.unansweredSinceMs;
      tables.clusters.set(cluster, row);
      return row.session;
    },
    ...leases(tables, now),
    assignments: (filter) => read((all) => assignmentsOf(all, filter)),
    statuses: (filter) => read((all) => statusesOf(all, filter)),
    counts: () => read(countsOf),
    connections: (at) => read((all) => connectionsOf(all, at)),
    tallies: (clusters) => read((all) => talliesOf(all, clusters)),
    ...blobs(tables, now),
    fact: (key) => read((all) => all.facts.get(key)),
    factsOf: (keys) => read((all) => new Map([...all.facts].filter(([key]) => keys.includes(key)))),
    facts: (prefix) => read((all) => new Map([...all.facts].filter(([key]) => key.startsWith(prefix)).sort(byFirst))),
    claimToken: async (hash, claimant) => structuredClone(claim(tables, { hash, claimant })),
    events: (query) => read((all) => eventsOf(all, query)),
    outbox: (limit) => read((all) => all.outbox.slice(0, limit)),
    onOutbox(callback) {
      bells.add(callback);
      return () => void bells.delete(callback);
    },
    async close() {
      bells.clear();
    },
  };
}

function emptyTables(): Tables {
  return {
    clusters: new Map(),
    assignments: new Map(),
    statuses: new Map(),
    tokens: new Map(),
    blobs: new Map(),
    facts: new Map(),
    events: [],
    outbox: [],
    instances: new Map(),
    lead: { fence: 0, holder: undefined, untilMs: 0 },
    lastId: 0,
  };
}

function always(): boolean {
  return true;
}

function byFirst(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

function sorted<T>(map: ReadonlyMap<string, T>, keep: (key: string) => boolean): T[] {
  return [...map]
    .filter(([key]) => keep(key))
    .sort(byFirst)
    .map(([, row]) => row);
}

/** Sorts as the pair does: a space comes before every character of a name. */
function pairKey(cluster: string, application: string): string {
  return `${cluster} ${application}`;
}

function matches(
  row: Partial<Pick<AssignmentRow, 'cluster' | 'application' | 'environment'>>,
  filter: RowFilter,
): boolean {
  return (
    (filter.cluster === undefined || row.cluster === filter.cluster) &&
    (filter.application === undefined || row.application === filter.application) &&
    (filter.environment === undefined || row.environment === filter.environment) &&
    (filter.clusters?.includes(row.cluster as ClusterName) ?? true)
  );
}

function holds(value: JsonObject | undefined, { field, is }: NonNullable<Guard['fact']>): boolean {
  return value !== undefined && value[field] === is;
}

function checkGuard(tables: Tables, guard: Guard | undefined): void {
  if (guard?.fence !== undefined && guard.fence !== tables.lead.fence)
    throw conflict(`Cannot write as leader ${guard.fence}: the current leader is ${tables.lead.fence}.`);
  const { fact } = guard ?? {};
  if (fact !== undefined && !holds(tables.facts.get(fact.key), fact))
    throw conflict(`Cannot write: the fact ${fact.key} is not as it was seen.`);
  if (!guard?.session) return;
  const now = tables.clusters.get(guard.session.cluster)?.session ?? 0;
  if (now !== guard.session.session)
    throw conflict(
      `Cannot write for session ${guard.session.session} of ${guard.session.cluster}: the current one is ${now}.`,
    );
}

function conflict(message: string): FairleadError {
  return new FairleadError(message, { code: 'Conflict', reason: 'Superseded' });
}

function apply(tables: Tables, { change, nowMs }: { change: Change; nowMs: number }): void {
  if ('drop' in change) return drop(tables, change);
  switch (change.put) {
    case 'head':
      return putHead(tables, change.row);
    case 'contact':
      return putContact(tables, change.row);
    case 'assignment':
      return void tables.assignments.set(pairKey(change.row.cluster, change.row.application), change.row);
    case 'status': {
      const key = pairKey(change.row.cluster, change.row.status.application);
      return void tables.statuses.set(key, goingOn(change.row, tables.statuses.get(key)));
    }
    case 'token':
      return putToken(tables, change.row);
    case 'blob':
      return void tables.blobs.set(change.row.digest, { ...change.row, usedAtMs: nowMs });
    case 'fact':
      return void tables.facts.set(change.key, change.value);
    case 'event':
      return void tables.events.push({ ...change.row, id: (tables.lastId += 1) });
    case 'outbox':
      return void tables.outbox.push({ ...change.row, id: (tables.lastId += 1) });
  }
}

function drop(tables: Tables, change: Extract<Change, { drop: string }>): void {
  switch (change.drop) {
    case 'cluster': {
      tables.clusters.delete(change.cluster);
      for (const map of [tables.assignments, tables.statuses])
        for (const [key, row] of map) if (row.cluster === change.cluster) map.delete(key);
      return;
    }
    case 'assignment':
      return void tables.assignments.delete(pairKey(change.cluster, change.application));
    case 'status':
      return void tables.statuses.delete(pairKey(change.cluster, change.application));
    case 'fact':
      return void tables.facts.delete(change.key);
    case 'outbox':
      tables.outbox = tables.outbox.filter((row) => !change.ids.includes(row.id));
  }
}

/** Refuses the batch before any of it is written: a head is the only change that can fail. */
function checkHeads(tables: Tables, changes: readonly Change[]): void {
  const positions = new Map<string, Position>();
  for (const change of changes) {
    if (!('put' in change) || change.put !== 'head') continue;
    const { cluster, position } = change.row;
    const old = positions.get(cluster) ?? tables.clusters.get(cluster)?.position;
    if (old && comparePositions(position, old) < 0)
      throw conflict(
        `Cannot give ${cluster} position ${positionText(position)}: it is at ${positionText(old)} already.`,
      );
    positions.set(cluster, position);
  }
}

function putToken(tables: Tables, row: TokenRow): void {
  for (const [hash, { expiresAtMs }] of tables.tokens)
    if (expiresAtMs < row.expiresAtMs - tokenMemoryMs) tables.tokens.delete(hash);
  tables.tokens.set(row.hash, row);
}

function putHead(tables: Tables, row: HeadRow): void {
  tables.clusters.set(row.cluster, { ...newCluster(row.cluster), ...tables.clusters.get(row.cluster), ...row });
}

function positionText(position: Position): string {
  return `${position.epoch}.${position.generation}`;
}

function putContact(tables: Tables, row: ContactRow): void {
  const old = tables.clusters.get(row.cluster);
  if (!old) return;
  const next = Object.entries({ ...old, ...row }).filter(([, value]) => value !== undefined);
  tables.clusters.set(row.cluster, Object.fromEntries(next) as unknown as ClusterRow);
}

function newCluster(cluster: ClusterName): ClusterRow {
  return { cluster, session: 0, sequence: 0, agentVersion: '', kubernetesVersion: '', connected: false };
}

function sessionOf(
  old: ClusterRow | undefined,
  hello: Hello & { cluster: ClusterName },
): { -readonly [Column in keyof ClusterRow]: ClusterRow[Column] } {
  const { nowMs, ...facts } = hello;
  return {
    ...facts,
    session: (old?.session ?? 0) + 1,
    sequence: 0,
    connected: true,
    connectedAtMs: nowMs,
    lastHeardAtMs: nowMs,
  };
}

function assignmentsOf(tables: Tables, { keys, ...filter }: AssignmentFilter): AssignmentRow[] {
  const some = keys && new Set(keys.map(({ cluster, application }) => pairKey(cluster, application)));
  return sorted(tables.assignments, (key) => some?.has(key) ?? true).filter((row) => matches(row, filter));
}

function statusesOf(tables: Tables, filter: Parameters<Store['statuses']>[0]): StatusRow[] {
  const { after = '/', limit = Infinity, environment, sync, health, drift, ...rest } = filter;
  const slash = after.indexOf('/');
  const from = pairKey(after.slice(0, slash), after.slice(slash + 1));
  const environmentOf = (row: StatusRow): EnvironmentName | undefined =>
    tables.assignments.get(pairKey(row.cluster, row.status.application))?.environment;
  return sorted(tables.statuses, (key) => key > from)
    .filter(
      (row) =>
        matches({ cluster: row.cluster, application: row.status.application }, rest) &&
        (environment === undefined || environmentOf(row) === environment) &&
        (sync === undefined || row.status.sync === sync) &&
        (health === undefined || row.status.health === health) &&
        (drift === undefined || row.status.drift === drift),
    )
    .slice(0, limit);
}

function desiredOf(tables: Tables, clusters: readonly ClusterName[]): DesiredOf[] {
  const names = new Set<string>(clusters);
  const assignments = sorted(tables.assignments, always);
  return sorted(tables.clusters, (key) => names.has(key)).map((row) => ({
    row,
    assignments: assignments.filter(({ cluster }) => cluster === row.cluster),
  }));
}

function countsOf(tables: Tables): Counts {
  const clusters = [...tables.clusters.values()];
  const statuses = [...tables.statuses.values()].map((row) => row.status);
  return {
    clusters: clusters.length,
    connected: clusters.filter((row) => row.connected).length,
    sync: tally(statuses.map((status) => status.sync)),
    health: tally(statuses.map((status) => status.health)),
    drift: tally(statuses.map((status) => status.drift)),
  };
}

function connectionsOf(tables: Tables, at: HeardAt): Record<Connection, number> {
  const counts = { Connected: 0, Silent: 0, Lost: 0, Never: 0 };
  for (const { session, lastHeardAtMs, unansweredSinceMs = Infinity } of tables.clusters.values()) {
    const heardMs = session === 0 ? undefined : lastHeardAtMs;
    if (heardMs === undefined) counts.Never += 1;
    else if (at.nowMs >= heardMs + at.lostAfterMs) counts.Lost += 1;
    else if (at.nowMs >= heardMs + at.silentAfterMs) counts.Silent += 1;
    else if (unansweredSinceMs >= heardMs && at.nowMs >= unansweredSinceMs + at.answerWithinMs) counts.Silent += 1;
    else counts.Connected += 1;
  }
  return counts;
}

function talliesOf(tables: Tables, clusters: readonly ClusterName[]): Map<ClusterName, Tally> {
  const tallies = new Map<ClusterName, Tally>();
  for (const { cluster, status } of tables.statuses.values()) {
    if (!clusters.includes(cluster)) continue;
    const { applications, inSync, healthy } = tallies.get(cluster) ?? { applications: 0, inSync: 0, healthy: 0 };
    tallies.set(cluster, {
      applications: applications + 1,
      inSync: inSync + Number(status.sync === 'InSync'),
      healthy: healthy + Number(status.health === 'Healthy'),
    });
  }
  return tallies;
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function claim(tables: Tables, { hash, claimant }: { hash: Digest; claimant: Claimant }): TokenClaim {
  const claimed = judgeClaim(tables.tokens.get(hash), claimant);
  if (claimed.taken) tables.tokens.set(hash, claimed.row);
  return claimed;
}

function eventsOf(tables: Tables, query: EventQuery): EventRow[] {
  const { afterId, limit, newestFirst = false, type, ...filter } = query;
  const rows = tables.events.filter((row) => (type === undefined || row.type === type) && matches(row, filter));
  const inOrder = newestFirst ? rows.reverse() : rows;
  return inOrder
    .filter((row) => afterId === undefined || (newestFirst ? row.id < afterId : row.id > afterId))
    .slice(0, limit);
}
