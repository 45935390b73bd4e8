import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Message } from '@fairlead/ports/bus';
import type { EventQuery, EventRow, OutboxRow } from '@fairlead/ports/store';
import { dense } from '../../dense.ts';
import { cell, fromJson, jsonCell, type Cell, type Row } from '../row.ts';

/** Events and the outbox. */
export interface Journal {
  events(query: EventQuery): EventRow[];
  putEvent(row: Omit<EventRow, 'id'>): void;
  outbox(limit: number): OutboxRow[];
  putOutbox(row: Message): void;
  dropOutbox(ids: readonly number[]): void;
}

/** Prepares the statements over `event` and `outbox`; the newest `limit` events are kept. */
export function journal(database: DatabaseSync, limit: number): Journal {
  const statements = new Map<string, StatementSync>();
  const insert = database.prepare(`INSERT INTO event
    (at_ms, type, reason, message, cluster, application, environment, attempt, details) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const trim = database.prepare('DELETE FROM event WHERE id <= ?');
  const waiting = database.prepare('SELECT * FROM outbox ORDER BY id LIMIT ?');
  const put = database.prepare('INSERT INTO outbox (subject, payload) VALUES (?, ?)');
  const drop = database.prepare('DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))');
  return {
    events(query) {
      const { sql, values } = eventSelect(query);
      let statement = statements.get(sql);
      if (!statement) statements.set(sql, (statement = database.prepare(sql)));
      return (statement.all(...values) as Row[]).map(eventOf);
    },
    putEvent(row) {
      const { lastInsertRowid } = insert.run(
        row.atMs,
        row.type,
        row.reason,
        row.message,
        cell(row.cluster),
        cell(row.application),
        cell(row.environment),
        cell(row.attempt),
        jsonCell(row.details),
      );
      trim.run(Number(lastInsertRowid) - limit);
    },
    outbox: (count) =>
      (waiting.all(count) as Row[]).map(
        (row) => ({ id: row['id'], subject: row['subject'], payload: fromJson(row['payload']) }) as OutboxRow,
      ),
    putOutbox: (row) => void put.run(row.subject, JSON.stringify(row.payload)),
    dropOutbox: (ids) => void drop.run(JSON.stringify(ids)),
  };
}

function eventSelect(query: EventQuery): { sql: string; values: Cell[] } {
  const columns = (['type', 'cluster', 'application', 'environment'] as const).filter(
    (column) => query[column] !== undefined,
  );
  const parts = columns.map((column) => `${column} = ?`);
  const values = columns.map((column) => cell(query[column]));
  if (query.afterId !== undefined) {
    parts.push(query.newestFirst ? 'id < ?' : 'id > ?');
    values.push(query.afterId);
  }
  const where = parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '';
  const order = query.newestFirst ? 'DESC' : 'ASC';
  return { sql: `SELECT * FROM event ${where} ORDER BY id ${order} LIMIT ?`, values: [...values, query.limit] };
}

function eventOf(row: Row): EventRow {
  return dense<EventRow>({
    id: row['id'] as number,
    atMs: row['at_ms'] as number,
    type: row['type'] as string,
    reason: row['reason'] as EventRow['reason'],
    message: row['message'] as string,
    cluster: row['cluster'] as EventRow['cluster'],
    application: row['application'] as EventRow['application'],
    environment: row['environment'] as EventRow['environment'],
    attempt: row['attempt'] as EventRow['attempt'],
    details: fromJson(row['details']) as EventRow['details'],
  });
}
