import type { DatabaseSync } from 'node:sqlite';
import { FairleadError, type ClusterName } from '@fairlead/core/model';
import type { AssignmentRow, Change, ClusterRow, DesiredOf, Guard, Store } from '@fairlead/ports/store';
import type { CallName, EngineOptions, Request } from './protocol.ts';
import { applications, type Applications } from './tables/applications.ts';
import { blobs, type Blobs } from './tables/blobs.ts';
import { clusters, type Clusters } from './tables/clusters.ts';
import { journal, type Journal } from './tables/journal.ts';
import { leases, type Leases } from './tables/leases.ts';
import { small, type Small } from './tables/small.ts';

interface Tables {
  readonly clusters: Clusters;
  readonly applications: Applications;
  readonly blobs: Blobs;
  readonly journal: Journal;
  readonly small: Small;
  readonly leases: Leases;
}

/** Carries out calls, each in two steps. */
export interface Calls {
  /** Throws what the guard of a write says, before anything is written. */
  check(request: Request): void;
  /** Its answer. What throws here may have written a part. */
  carryOut(request: Request): unknown;
}

/** Prepares all statements. */
export function callsOver(database: DatabaseSync, options: EngineOptions): Calls {
  const tables: Tables = {
    clusters: clusters(database),
    applications: applications(database),
    blobs: blobs(database, { key: options.key, now: Date.now }),
    journal: journal(database, options.journalLimit),
    small: small(database),
    leases: leases(database, Date.now),
  };
  const calls: Record<CallName, (...args: never[]) => unknown> = methods(tables);
  return {
    check({ call, args }) {
      if (call === 'write') checkGuard(tables, args[1] as Guard | undefined);
    },
    carryOut: ({ call, args }) => calls[call](...(args as never[])),
  };
}

type Methods = { [Name in CallName]: (...args: Parameters<Store[Name]>) => Awaited<ReturnType<Store[Name]>> };

function methods(tables: Tables): Methods {
  const { clusters, applications, blobs, journal, small, leases } = tables;
  return {
    write(changes) {
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
    connections: (at) => clusters.connections(at),
    tallies: (names) => applications.tallies(names),
    missingBlobs: (digests) => blobs.missing(digests),
    blobs: (digests) => blobs.some(digests),
    assignedBundles: () => blobs.assigned(),
    unusedBlobs: (filter) => blobs.unused(filter),
    dropBlobs: (digests, filter) => blobs.drop(digests, filter),
    fact: (key) => small.fact(key),
    factsOf: (keys) => small.factsOf(keys),
    facts: (prefix) => small.facts(prefix),
    claimToken: (hash, claimant) => small.claim(hash, claimant),
    events: (query) => journal.events(query),
    outbox: (limit) => journal.outbox(limit),
  };
}

/** Rows and assignments in one turn of the thread, so that nothing comes between. */
function desired({ clusters, applications }: Tables, names: readonly ClusterName[]): DesiredOf[] {
  const rows = new Map<string, { row: ClusterRow; assignments: AssignmentRow[] }>();
  for (const row of clusters.page({ names })) rows.set(row.cluster, { row, assignments: [] });
  for (const assignment of applications.assignments({ clusters: names }))
    rows.get(assignment.cluster)?.assignments.push(assignment);
  return [...rows.values()];
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
  const now = clusters.session(cluster);
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
