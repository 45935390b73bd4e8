import {
  healthWandersMs,
  tokenMemoryMs,
  type AssignmentRow,
  type BlobRow,
  type StatusRow,
  type TokenRow,
} from '@fairlead/ports/store';
import { seal } from '../../seal.ts';
import { commitCell, digestCell, textCell } from '../bytes.ts';
import type { Draft, Pair } from './draft.ts';
import { journalStatements, outboxStatements } from './journal.ts';
import { memberStatements } from './members.ts';
import { deleteText, rowsStatement, upsertText, type Cell, type Statement, type StatementOptions } from './table.ts';

/**
 * The statements that carry a draft out, in the order in which every hub takes its locks: members, what was given, what
 * was said, and the rest; within a table by key. The journal comes last, for its lock is everybody's.
 */
export function statementsOf(draft: Draft, options: StatementOptions): Statement[] {
  return [
    ...memberStatements(draft),
    ...pairStatements(assignmentShapes, draft.assignments),
    ...pairStatements(statusShapes, draft.statuses),
    ...tokenStatements([...draft.tokens.values()]),
    ...blobStatements([...draft.blobs.values()], options),
    ...factStatements(draft.facts),
    ...outboxStatements(draft, options),
    ...journalStatements(draft.events, options),
  ];
}

const pair = { cluster: 'text', application: 'text' };
const pairColumns = ['cluster', 'application'];

interface PairShapes<Row> {
  readonly put: Parameters<typeof rowsStatement>[0];
  readonly drop: Parameters<typeof rowsStatement>[0];
  readonly cells: (row: Row) => readonly Cell[];
}

const assignmentColumns = {
  ...pair,
  environment: 'text',
  entry: 'json',
  tombstone: 'json',
  generation: 'bigint',
  assigned_at_ms: 'bigint',
  wave: 'text',
  healthy_before: 'boolean',
};

const assignmentShapes: PairShapes<AssignmentRow> = {
  put: {
    name: 'put-assignment',
    columns: assignmentColumns,
    text: upsertText('assignment', { columns: assignmentColumns, key: pairColumns }),
  },
  drop: { name: 'drop-assignment', columns: pair, text: deleteText('assignment', pairColumns) },
  cells: (row) => [
    row.cluster,
    row.application,
    row.environment,
    jsonCell(row.entry),
    jsonCell(row.tombstone),
    row.generation,
    row.assignedAtMs,
    textCell(row.wave),
    row.healthyBefore ?? null,
  ],
};

const statusColumns = {
  ...pair,
  sync: 'text',
  health: 'text',
  drift: 'text',
  release: 'bytea',
  bundle: 'bytea',
  attempt: 'bytea',
  reason: 'text',
  message: 'text',
  objects: 'integer',
  healthy_objects: 'integer',
  healthy_for_ms: 'bigint',
  problems: 'json',
  healthy_since_ms: 'bigint',
  since_ms: 'bigint',
  observed_at_ms: 'bigint',
};

const state = ['sync', 'health', 'drift', 'reason', 'bundle', 'release', 'attempt'];

/** The rule of `goingOn`, in SQL. */
const statusStarts = {
  since_ms: `(${listOf('status', state)}) = (${listOf('excluded', state)})`,
  healthy_since_ms: `status.bundle = excluded.bundle
    AND abs(status.healthy_since_ms - excluded.healthy_since_ms) <= ${healthWandersMs}`,
};

function listOf(table: string, names: readonly string[]): string {
  return names.map((name) => `${table}.${name}`).join(', ');
}

const statusShapes: PairShapes<StatusRow> = {
  put: {
    name: 'put-status',
    columns: statusColumns,
    text: upsertText('status', { columns: statusColumns, key: pairColumns, kept: statusStarts }),
  },
  drop: { name: 'drop-status', columns: pair, text: deleteText('status', pairColumns) },
  cells: ({ cluster, status, healthySinceMs, sinceMs, observedAtMs }) => [
    cluster,
    status.application,
    status.sync,
    status.health,
    status.drift,
    digestCell(status.release),
    digestCell(status.bundle),
    commitCell(status.attempt),
    status.reason,
    textCell(status.message),
    status.objects,
    status.healthyObjects,
    status.healthyForMs ?? null,
    status.problems.length === 0 ? null : JSON.stringify(status.problems),
    healthySinceMs ?? null,
    sinceMs,
    observedAtMs,
  ],
};

function pairStatements<Row>(shapes: PairShapes<Row>, pairs: ReadonlyMap<string, Pair<Row>>): Statement[] {
  const sorted = [...pairs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  const dropped = sorted
    .filter((one) => one.row === undefined)
    .map(({ cluster, application }) => [cluster, application]);
  const put = sorted.flatMap(({ row }) => (row === undefined ? [] : [shapes.cells(row)]));
  return [
    ...(dropped.length > 0 ? [rowsStatement(shapes.drop, dropped)] : []),
    ...(put.length > 0 ? [rowsStatement(shapes.put, put)] : []),
  ];
}

const tokenColumns = {
  hash: 'bytea',
  cluster: 'text',
  labels: 'json',
  made_by: 'text',
  expires_at_ms: 'bigint',
  used_at_ms: 'bigint',
  used_by: 'bytea',
};

function tokenStatements(rows: readonly TokenRow[]): Statement[] {
  if (rows.length === 0) return [];
  const newestMs = Math.max(...rows.map((row) => row.expiresAtMs));
  const text = upsertText('token', { columns: tokenColumns, key: ['hash'] });
  return [
    rowsStatement({ name: 'put-token', columns: tokenColumns, text }, rows.map(tokenCells)),
    { text: 'DELETE FROM token WHERE expires_at_ms < $1', values: [newestMs - tokenMemoryMs] },
  ];
}

function tokenCells(row: TokenRow): Cell[] {
  return [
    digestCell(row.hash),
    row.cluster,
    JSON.stringify(row.labels),
    textCell(row.by),
    row.expiresAtMs,
    row.usedAtMs ?? null,
    digestCell(row.usedBy),
  ];
}

/** One statement each: bytes travel as bytes, where an array would make text of them. */
function blobStatements(rows: readonly BlobRow[], { key }: StatementOptions): Statement[] {
  return rows
    .toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
    .map(({ digest, secret, data }) => ({
      name: 'put-blob',
      text: 'INSERT INTO blob (digest, secret, data) VALUES ($1::bytea, $2, $3) ON CONFLICT (digest) DO UPDATE SET used_at = excluded.used_at',
      values: [digestCell(digest), secret, Buffer.from(secret ? seal(data, { key, digest }) : data)],
    }));
}

function factStatements(facts: ReadonlyMap<string, string | undefined>): Statement[] {
  const columns = { key: 'text', value: 'json' };
  const sorted = [...facts].sort(([a], [b]) => (a < b ? -1 : 1));
  const dropped = sorted.filter(([, value]) => value === undefined).map(([key]) => [key]);
  const put = sorted.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  const drop = { name: 'drop-fact', columns: { key: 'text' }, text: deleteText('fact', ['key']) };
  const upsert = { name: 'put-fact', columns, text: upsertText('fact', { columns, key: ['key'] }) };
  return [
    ...(dropped.length > 0 ? [rowsStatement(drop, dropped)] : []),
    ...(put.length > 0 ? [rowsStatement(upsert, put)] : []),
  ];
}

function jsonCell(value: object | undefined): Cell {
  return value === undefined ? null : JSON.stringify(value);
}
