import type { ApplicationId, ClusterName, DriftItem, EnvironmentName } from '@fairlead/core/model';
import { keyText } from '@fairlead/core/model';
import type { EventRow } from '@fairlead/ports/store';
import { fromCursor, notACursor, toCursor, type PageRequest } from './pages.ts';
import { optional } from './optional.ts';
import type { ReadPorts } from './ports.ts';

/** Which lines of the journal a call is for. */
export interface JournalQuery extends PageRequest {
  readonly cluster?: string | undefined;
  readonly application?: string | undefined;
  readonly environment?: string | undefined;
}

/** One line as it is shown. */
export function eventView(row: EventRow) {
  return {
    id: row.id,
    atMs: row.atMs,
    type: row.type,
    ...optional('cluster', row.cluster as string | undefined),
    ...optional('application', row.application as string | undefined),
    ...optional('environment', row.environment as string | undefined),
    ...optional('attempt', row.attempt as string | undefined),
    reason: row.reason as string,
    message: row.message,
  };
}

/** The journal, newest first. */
export async function listEvents(ports: ReadPorts, query: JournalQuery) {
  const rows = await read(ports, query);
  return { ...rows.page, items: rows.items.map(eventView) };
}

/** Differences that agents found, newest first. */
export async function listDrift(ports: ReadPorts, query: JournalQuery) {
  const rows = await read(ports, query, 'Drift');
  const items = rows.items.map((row) => {
    const item = row.details as unknown as DriftItem;
    return {
      atMs: item.atMs ?? row.atMs,
      cluster: row.cluster as string,
      application: row.application as string,
      object: keyText(item.key),
      kind: item.kind,
      pointer: item.pointer,
      wanted: item.wanted,
      found: item.found,
      ...optional('manager', item.manager),
      ...optional('operation', item.operation),
      outcome: item.outcome,
      ...optional('tookMs', item.tookMs),
    };
  });
  return { ...rows.page, items };
}

async function read(
  { store }: ReadPorts,
  query: JournalQuery,
  type?: string,
): Promise<{ items: readonly EventRow[]; page: { next?: string } }> {
  const before = query.cursor === undefined ? undefined : numberOf(query.cursor);
  const rows = await store.events({
    limit: query.limit + 1,
    newestFirst: true,
    ...optional('afterId', before),
    ...optional('type', type),
    ...optional('cluster', query.cluster as ClusterName | undefined),
    ...optional('application', query.application as ApplicationId | undefined),
    ...optional('environment', query.environment as EnvironmentName | undefined),
  });
  const items = rows.slice(0, query.limit);
  const last = items.at(-1);
  return { items, page: rows.length > items.length && last ? { next: toCursor(String(last.id)) } : {} };
}

/** Throws `FairleadError` (InvalidArgument) for a cursor of another list. */
function numberOf(cursor: string): number {
  const id = Number(fromCursor(cursor));
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw notACursor();
}
