import type { EventRow } from '@fairlead/ports/store';
import { commitCell, textCell } from '../bytes.ts';
import type { Draft } from './draft.ts';
import { rowsStatement, type Cell, type Statement, type StatementOptions } from './table.ts';

/** Held from the first line that a transaction puts into the journal to its commit, so that ids rise as they appear. */
const journalLock = 0x6a_6f_75_72;

const outboxColumns = { writer: 'text', subject: 'text', payload: 'json', at: 'integer' };
const outboxShape = {
  name: 'put-outbox',
  columns: outboxColumns,
  text: (rows: string) =>
    `INSERT INTO outbox (writer, subject, payload) SELECT writer, subject, payload FROM ${rows} ORDER BY at`,
};

/** Messages that leave the outbox, and those that come. */
export function outboxStatements({ sent, outbox }: Draft, { self }: StatementOptions): Statement[] {
  const statements: Statement[] = [];
  if (sent.size > 0)
    statements.push({ text: 'DELETE FROM outbox WHERE id = ANY ($1::bigint[])', values: [[...sent].sort(byNumber)] });
  if (outbox.length === 0) return statements;
  const rows = outbox.map(({ subject, payload }, at): Cell[] => [self, subject, JSON.stringify(payload), at]);
  statements.push(rowsStatement(outboxShape, rows));
  return statements;
}

const eventColumns = {
  at_ms: 'bigint',
  type: 'text',
  reason: 'text',
  message: 'text',
  cluster: 'text',
  application: 'text',
  environment: 'text',
  attempt: 'bytea',
  details: 'json',
  at: 'integer',
};
const eventNames = Object.keys(eventColumns).filter((name) => name !== 'at');
const eventShape = {
  name: 'put-event',
  columns: eventColumns,
  text: (rows: string) =>
    `INSERT INTO event (${eventNames.join(', ')}) SELECT ${eventNames.join(', ')} FROM ${rows} ORDER BY at`,
};

/** Lines of the journal, of which the newest are kept. */
export function journalStatements(
  events: readonly Omit<EventRow, 'id'>[],
  { journalLimit }: StatementOptions,
): Statement[] {
  if (events.length === 0) return [];
  return [
    { text: `SELECT pg_advisory_xact_lock(${journalLock})`, values: [] },
    rowsStatement(eventShape, events.map(eventCells)),
    { text: 'DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - $1', values: [journalLimit] },
  ];
}

function eventCells(row: Omit<EventRow, 'id'>, at: number): Cell[] {
  return [
    row.atMs,
    textCell(row.type),
    textCell(row.reason),
    textCell(row.message),
    textCell(row.cluster),
    textCell(row.application),
    textCell(row.environment),
    row.attempt === undefined ? null : commitCell(row.attempt),
    row.details === undefined ? null : JSON.stringify(row.details),
    at,
  ];
}

function byNumber(a: number, b: number): number {
  return a - b;
}
