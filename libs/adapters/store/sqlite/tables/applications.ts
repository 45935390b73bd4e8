import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { FairleadError, type ApplicationId, type ClusterName } from '@fairlead/core/model';
import {
  goingOn,
  type AssignmentFilter,
  type AssignmentRow,
  type Counts,
  type RowFilter,
  type StatusFilter,
  type StatusRow,
  type Tally,
} from '@fairlead/ports/store';
import { dense } from '../../dense.ts';
import { cell, fromJson, jsonCell, type Cell, type Row } from '../row.ts';

/** Rows of applications in clusters: what was assigned and what was said. */
export interface Applications {
  assignments(filter: AssignmentFilter): AssignmentRow[];
  statuses(query: StatusFilter): StatusRow[];
  counts(): Counts;
  tallies(clusters: readonly ClusterName[]): Map<ClusterName, Tally>;
  putAssignment(row: AssignmentRow): void;
  putStatus(row: StatusRow): void;
  drop(
    table: 'assignment' | 'status',
    of: { readonly cluster: ClusterName; readonly application: ApplicationId },
  ): void;
}

/** Prepares the statements over `assignment`, `status` and `counter`. */
export function applications(database: DatabaseSync): Applications {
  const cached = statementCache(database);
  const counters = database.prepare('SELECT * FROM counter WHERE n > 0');
  const tallies = database.prepare(`SELECT cluster, count(*) AS applications, sum(sync = 'InSync') AS inSync,
      sum(health = 'Healthy') AS healthy
    FROM status WHERE cluster IN (SELECT value FROM json_each(?)) GROUP BY cluster`);
  const assignment = database.prepare('INSERT OR REPLACE INTO assignment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  // An upsert and not a REPLACE: that one would not fire the trigger that counts the row out.
  const status = {
    before: database.prepare('SELECT * FROM status WHERE cluster = ? AND application = ?'),
    put: database.prepare(`INSERT INTO status VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      ON CONFLICT (cluster, application) DO UPDATE SET
        sync = ?3, health = ?4, drift = ?5, status = ?6, healthy_since_ms = ?7, since_ms = ?8, observed_at_ms = ?9`),
  };
  const drops = {
    assignment: database.prepare('DELETE FROM assignment WHERE cluster = ? AND application = ?'),
    status: database.prepare('DELETE FROM status WHERE cluster = ? AND application = ?'),
  };
  return {
    assignments: (filter) => selectAssignments(cached, filter),
    statuses: (query) => selectStatuses(cached, query),
    counts: () => countsOf(counters.all()),
    tallies: (clusters) => talliesOf(tallies.all(JSON.stringify(clusters))),
    putAssignment: (row) => putAssignment(assignment, row),
    putStatus: (row) => putStatus(status, row),
    drop: (table, { cluster, application }) => void drops[table].run(cluster, application),
  };
}

type Cached = (sql: string) => StatementSync;

/** Filters give a handful of different texts; each is prepared once. */
function statementCache(database: DatabaseSync): Cached {
  const statements = new Map<string, StatementSync>();
  return (sql) => {
    let statement = statements.get(sql);
    if (!statement) statements.set(sql, (statement = database.prepare(sql)));
    return statement;
  };
}

function selectAssignments(cached: Cached, filter: AssignmentFilter): AssignmentRow[] {
  const { parts, values } = conditions(filter);
  if (filter.environment !== undefined) {
    parts.push('environment = ?');
    values.push(filter.environment);
  }
  if (filter.keys !== undefined) {
    parts.push(`(cluster, application) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))`);
    values.push(JSON.stringify(filter.keys.map((key) => [key.cluster, key.application])));
  }
  const rows = cached(`SELECT * FROM assignment ${whereOf(parts)} ORDER BY cluster, application`).all(...values);
  return (rows as Row[]).map(assignmentOf);
}

/** What both tables have columns for. */
function conditions({ cluster, application, clusters }: RowFilter): { parts: string[]; values: Cell[] } {
  const parts: string[] = [];
  const values: Cell[] = [];
  if (cluster !== undefined) {
    parts.push('cluster = ?');
    values.push(cluster);
  }
  if (clusters !== undefined) {
    parts.push('cluster IN (SELECT value FROM json_each(?))');
    values.push(JSON.stringify(clusters));
  }
  if (application !== undefined) {
    parts.push('application = ?');
    values.push(application);
  }
  return { parts, values };
}

function whereOf(parts: readonly string[]): string {
  return parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '';
}

function selectStatuses(cached: Cached, query: StatusFilter): StatusRow[] {
  const { parts, values } = conditions(query);
  const add = (sql: string, ...cells: Cell[]): void => {
    parts.push(sql);
    values.push(...cells);
  };
  if (query.environment !== undefined)
    add(
      'EXISTS (SELECT 1 FROM assignment a WHERE a.cluster = status.cluster AND a.application = status.application AND a.environment = ?)',
      query.environment,
    );
  // Written into the text: only so can SQLite tell that a partial index holds the rows.
  for (const axis of ['sync', 'health', 'drift'] as const)
    if (query[axis] !== undefined) add(`${axis} = '${wordOf(query[axis])}'`);
  if (query.after !== undefined) {
    const slash = query.after.indexOf('/');
    add('(cluster, application) > (?, ?)', query.after.slice(0, slash), query.after.slice(slash + 1));
  }
  const sql = `SELECT * FROM status ${whereOf(parts)} ORDER BY cluster, application LIMIT ?`;
  return (cached(sql).all(...values, query.limit ?? -1) as Row[]).map(statusOf);
}

/** Words of states are letters; anything else is no state, and never becomes SQL. */
function wordOf(text: string): string {
  if (/^[A-Za-z]+$/.test(text)) return text;
  throw new FairleadError(`Cannot look for the state ${JSON.stringify(text)}: it is no word of a state.`, {
    code: 'InvalidInput',
    reason: 'InvalidArgument',
  });
}

function talliesOf(rows: readonly Row[]): Map<ClusterName, Tally> {
  return new Map(
    rows.map(({ cluster, ...counts }) => [cluster as ClusterName, { ...counts } as unknown as Tally] as const),
  );
}

function putAssignment(statement: StatementSync, row: AssignmentRow): void {
  statement.run(
    row.cluster,
    row.application,
    row.environment,
    jsonCell(row.entry),
    jsonCell(row.tombstone),
    row.generation,
    row.assignedAtMs,
    cell(row.wave),
    row.healthyBefore === undefined ? null : Number(row.healthyBefore),
  );
}

function putStatus({ before, put }: Readonly<Record<'before' | 'put', StatementSync>>, said: StatusRow): void {
  const found = before.get(said.cluster, said.status.application);
  const row = goingOn(said, found && statusOf(found));
  const { application, sync, health, drift } = row.status;
  put.run(
    row.cluster,
    application,
    sync,
    health,
    drift,
    JSON.stringify(row.status),
    cell(row.healthySinceMs),
    row.sinceMs,
    row.observedAtMs,
  );
}

function assignmentOf(row: Row): AssignmentRow {
  return dense<AssignmentRow>({
    cluster: row['cluster'] as ClusterName,
    application: row['application'] as ApplicationId,
    environment: row['environment'] as AssignmentRow['environment'],
    entry: fromJson(row['entry']) as AssignmentRow['entry'],
    tombstone: fromJson(row['tombstone']) as AssignmentRow['tombstone'],
    generation: row['generation'] as number,
    assignedAtMs: row['assigned_at_ms'] as number,
    wave: row['wave'] as string | undefined,
    healthyBefore: row['healthy_before'] === null ? undefined : row['healthy_before'] === 1,
  });
}

function statusOf(row: Row): StatusRow {
  return dense<StatusRow>({
    cluster: row['cluster'] as ClusterName,
    status: fromJson(row['status']) as StatusRow['status'],
    healthySinceMs: row['healthy_since_ms'] as number | undefined,
    sinceMs: row['since_ms'] as number,
    observedAtMs: row['observed_at_ms'] as number,
  });
}

function countsOf(rows: readonly Row[]): Counts {
  const axis = (name: string): Record<string, number> =>
    Object.fromEntries(rows.filter((row) => row['axis'] === name).map((row) => [row['word'], row['n']]));
  const { all = 0, connected = 0 } = axis('cluster');
  return { clusters: all, connected, sync: axis('sync'), health: axis('health'), drift: axis('drift') };
}
