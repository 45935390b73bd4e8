import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { FairleadError, type ClusterName } from '@fairlead/core/model';
import type { AssignmentRow, Change, ClusterRow, DesiredOf, Guard, Store } from '@fairlead/ports/store';
import { migrations } from './migrations/list.ts';
import { plainError, type CallName, type EngineOptions, type Reply, type Request } from './protocol.ts';
import { applications, type Applications } from './tables/applications.ts';
import { blobs, type Blobs } from './tables/blobs.ts';
import { clusters, type Clusters } from './tables/clusters.ts';
import { journal, type Journal } from './tables/journal.ts';
import { leases, type Leases } from './tables/leases.ts';
import { small, type Small } from './tables/small.ts';

/** The store inside its thread. */
export interface Engine {
  readonly id: string;
  /**
   * Carries out calls in order and answers them together. Everything that they write becomes durable in one commit
   * before the answers are returned, so that many small writes share one fsync.
   */
  run(requests: readonly Request[]): { readonly replies: readonly Reply[]; readonly rang: boolean };
  close(): void;
}

interface Tables {
  readonly clusters: Clusters;
  readonly applications: Applications;
  readonly blobs: Blobs;
  readonly journal: Journal;
  readonly small: Small;
  readonly leases: Leases;
}

type Call = (...args: never[]) => unknown;

const writing: ReadonlySet<CallName> = new Set([
  'write',
  'raiseSession',
  'lead',
  'resign',
  'beat',
  'sweepInstances',
  'claimToken',
]);

/** Opens the database file, alone: a second process is refused. Throws FairleadError FailedPrecondition. */
export function openEngine(options: EngineOptions): Engine {
  const database = openDatabase(options.file);
  const tables: Tables = {
    clusters: clusters(database),
    applications: applications(database),
    blobs: blobs(database, options.key),
    journal: journal(database, options.journalLimit),
    small: small(database),
    leases: leases(database, Date.now),
  };
  const calls = callsOver(tables);
  return {
    id: String(database.prepare("SELECT value FROM meta WHERE key = 'id'").get()?.['value']),
    run: (requests) => run(database, { requests, calls }),
    close: () => database.close(),
  };
}

function openDatabase(file: string): DatabaseSync {
  try {
    const database = new DatabaseSync(file);
    // EXCLUSIVE keeps a second hub out; FULL makes a commit durable before it returns (WAL alone would not).
    database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 2000`);
    migrate(database);
    return database;
  } catch (cause) {
    const locked = cause instanceof Error && /locked|busy/.test(cause.message);
    throw new FairleadError(
      locked
        ? `Cannot open the store ${file}: another process holds it. Stop the other hub, or give this one a data folder of its own.`
        : `Cannot open the store ${file}: ${cause instanceof Error ? cause.message : String(cause)}. Everything in it follows from git: move the file away to start anew.`,
      { code: 'FailedPrecondition', reason: 'InternalError', subject: { file }, cause },
    );
  }
}

function migrate(database: DatabaseSync): void {
  const done = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (done > migrations.length)
    throw new Error(
      `its tables are of version ${done}, and this hub knows ${migrations.length} only; start a newer hub`,
    );
  database.exec('BEGIN EXCLUSIVE');
  for (const migration of migrations.slice(done)) database.exec(migration);
  database.exec(`PRAGMA user_version = ${migrations.length}`);
  database.prepare('INSERT OR IGNORE INTO meta VALUES (?, ?)').run('id', randomUUID());
  database.exec('COMMIT');
}

function callsOver(tables: Tables): Record<CallName, Call> {
  const { clusters, applications, blobs, journal, small, leases } = tables;
  const calls: { [Name in CallName]: (...args: Parameters<Store[Name]>) => Awaited<ReturnType<Store[Name]>> } = {
    write(changes, guard) {
      checkGuard(tables, guard);
      for (const change of changes) apply(tables, change);
    },
    cluster: (cluster) => clusters.one(cluster),
    clusters: (page) => clusters.page(page),
    desired: (names) => desired(tables, names),
    raiseSession: (cluster, hello) => clusters.raiseSession(cluster, hello),
    lead: (candidate) => leases.lead(candidate),
    resign: (holder) => leases.resign(holder),
    beat: (beat) => leases.beat(beat),
    sweepInstances: () => leases.sweep(),
    instances: (role) => leases.instances(role),
    assignments: (filter) => applications.assignments(filter),
    statuses: (query) => applications.statuses(query),
    counts: () => applications.counts(),
    missingBlobs: (digests) => blobs.missing(digests),
    blobs: (digests) => blobs.some(digests),
    fact: (key) => small.fact(key),
    facts: (prefix) => small.facts(prefix),
    claimToken: (hash, claimant) => small.claim(hash, claimant),
    tokens: () => small.tokens(),
    events: (query) => journal.events(query),
    outbox: (limit) => journal.outbox(limit),
  };
  return calls;
}

/** Rows and assignments in one turn of the thread, so that nothing comes between. */
function desired({ clusters, applications }: Tables, names: readonly ClusterName[]): DesiredOf[] {
  const rows = new Map<string, { row: ClusterRow; assignments: AssignmentRow[] }>();
  for (const row of clusters.page({ names })) rows.set(row.cluster, { row, assignments: [] });
  for (const assignment of applications.assignments({ clusters: names }))
    rows.get(assignment.cluster)?.assignments.push(assignment);
  return [...rows.values()];
}

function run(
  database: DatabaseSync,
  { requests, calls }: { requests: readonly Request[]; calls: Record<CallName, Call> },
): { replies: Reply[]; rang: boolean } {
  const writes = requests.some((request) => writing.has(request.call));
  try {
    if (writes) database.exec('BEGIN IMMEDIATE');
    const replies = requests.map((request) => answer(database, { request, call: calls[request.call] }));
    if (writes) database.exec('COMMIT');
    return { replies, rang: replies.some((reply, at) => 'value' in reply && rings(requests[at])) };
  } catch (thrown) {
    // The commit failed (a full disk, say): nothing of the batch holds, so nothing of it may be acknowledged.
    if (database.isTransaction) database.exec('ROLLBACK');
    const error = plainError(thrown);
    return { replies: requests.map(({ id }) => ({ id, error })), rang: false };
  }
}

function answer(database: DatabaseSync, { request, call }: { request: Request; call: Call }): Reply {
  const { id, args } = request;
  const writes = writing.has(request.call);
  if (writes) database.exec('SAVEPOINT one');
  try {
    const value = call(...(args as never[]));
    if (writes) database.exec('RELEASE one');
    return { id, value };
  } catch (thrown) {
    // SQLite ends the whole transaction by itself on a full disk; then the others' answers must fail too.
    if (writes && !database.isTransaction) throw thrown;
    if (writes) database.exec('ROLLBACK TO one; RELEASE one');
    return { id, error: plainError(thrown) };
  }
}

function rings(request: Request | undefined): boolean {
  if (request?.call !== 'write') return false;
  return (request.args[0] as readonly Change[]).some((change) => 'put' in change && change.put === 'outbox');
}

function checkGuard({ clusters, leases, small }: Tables, guard: Guard | undefined): void {
  if (guard?.fence !== undefined && guard.fence !== leases.fence())
    throw outdated(`Cannot write as leader ${guard.fence}: the current leader is ${leases.fence()}.`);
  const { fact } = guard ?? {};
  const seen = fact && small.fact(fact.key);
  if (fact !== undefined && (seen === undefined || seen[fact.field] !== fact.is))
    throw outdated(`Cannot write: the fact ${fact.key} is not as it was seen.`);
  if (!guard?.session) return;
  const { cluster, session } = guard.session;
  const now = clusters.one(cluster)?.session ?? 0;
  if (now !== session) throw outdated(`Cannot write for session ${session} of ${cluster}: the current one is ${now}.`);
}

function outdated(message: string): FairleadError {
  return new FairleadError(message, { code: 'Conflict', reason: 'Superseded' });
}

function apply(tables: Tables, change: Change): void {
  if ('drop' in change) return drop(tables, change);
  switch (change.put) {
    case 'head':
      return tables.clusters.putHead(change.row);
    case 'contact':
      return tables.clusters.putContact(change.row);
    case 'assignment':
      return tables.applications.putAssignment(change.row);
    case 'status':
      return tables.applications.putStatus(change.row);
    case 'token':
      return tables.small.putToken(change.row);
    case 'blob':
      return tables.blobs.put(change.row);
    case 'fact':
      return tables.small.putFact(change.key, change.value);
    case 'event':
      return tables.journal.putEvent(change.row);
    case 'outbox':
      return tables.journal.putOutbox(change.row);
  }
}

function drop(tables: Tables, change: Extract<Change, { drop: string }>): void {
  switch (change.drop) {
    case 'cluster':
      return tables.clusters.drop(change.cluster);
    case 'assignment':
    case 'status':
      return tables.applications.drop(change.drop, change);
    case 'fact':
      return tables.small.dropFact(change.key);
    case 'outbox':
      return tables.journal.dropOutbox(change.ids);
  }
}
