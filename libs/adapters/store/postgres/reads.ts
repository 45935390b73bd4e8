import type { ClusterName, Connection, JsonObject } from '@fairlead/core/model';
import type { AssignmentRow, ClusterRow, DesiredOf, OutboxRow, RowKey, Store } from '@fairlead/ports/store';
import { sql } from 'kysely';
import { build, type Ask, type Moment } from './ask.ts';
import { assignmentOf, clusterOf, countsOf, eventOf, statusOf } from './rows.ts';

/** The calls that only read. */
export type Reads = Pick<
  Store,
  | 'cluster'
  | 'clusters'
  | 'desired'
  | 'instances'
  | 'assignments'
  | 'statuses'
  | 'counts'
  | 'connections'
  | 'tallies'
  | 'fact'
  | 'factsOf'
  | 'facts'
  | 'events'
  | 'outbox'
>;

/** What reads go through. */
export interface ReadWays {
  readonly ask: Ask;
  /** Reads that belong together see one moment of the database. */
  readonly moment: Moment;
  /** The name under which this store puts messages into the outbox. */
  readonly self: string;
}

/** Reads over one database; each throws what `ask` throws. */
export function readsOver(ways: ReadWays): Reads {
  return { ...clusterReads(ways), ...applicationReads(ways), ...smallReads(ways) };
}

function clusterReads({ ask, moment }: ReadWays): Pick<Store, 'cluster' | 'clusters' | 'desired' | 'connections'> {
  return {
    async cluster(cluster) {
      const [row] = await ask(build.selectFrom('cluster').selectAll().where('cluster', '=', cluster));
      return row && clusterOf(row);
    },
    async clusters({ after, limit, names } = {}) {
      let query = build.selectFrom('cluster').selectAll().orderBy('cluster');
      if (after !== undefined) query = query.where('cluster', '>', after);
      if (names !== undefined) query = query.where(among('cluster', names));
      if (limit !== undefined) query = query.limit(limit);
      return (await ask(query)).map(clusterOf);
    },
    desired: (clusters) => moment((askThen) => desired(askThen, clusters)),
    async connections({ nowMs, answerWithinMs, silentAfterMs, lostAfterMs }) {
      // The rule of core/connection, in SQL.
      const word = sql<Connection>`CASE
        WHEN session = 0 OR last_heard_at_ms IS NULL THEN 'Never'
        WHEN ${nowMs}::bigint >= last_heard_at_ms + ${lostAfterMs} THEN 'Lost'
        WHEN ${nowMs}::bigint >= last_heard_at_ms + ${silentAfterMs} THEN 'Silent'
        WHEN unanswered_since_ms >= last_heard_at_ms
          AND ${nowMs}::bigint >= unanswered_since_ms + ${answerWithinMs} THEN 'Silent'
        ELSE 'Connected' END`.as('word');
      const rows = await ask(build.selectFrom('cluster').select([word, all]).groupBy('word'));
      return {
        Connected: 0,
        Silent: 0,
        Lost: 0,
        Never: 0,
        ...Object.fromEntries(rows.map((row) => [row.word, row.n])),
      };
    },
  };
}

const all = sql<number>`count(*)`.as('n');

function applicationReads({ ask }: ReadWays): Pick<Store, 'assignments' | 'statuses' | 'counts' | 'tallies'> {
  return {
    assignments: async (filter) => (await ask(selectAssignments(filter))).map(assignmentOf),
    statuses: async (filter) => (await ask(selectStatuses(filter))).map(statusOf),
    async counts() {
      const n = sql<number>`sum(n)::bigint`.as('n');
      return countsOf(await ask(build.selectFrom('counter').select(['axis', 'word', n]).groupBy(['axis', 'word'])));
    },
    async tallies(clusters) {
      const inSync = sql<number>`count(*) FILTER (WHERE sync = 'InSync')`.as('inSync');
      const healthy = sql<number>`count(*) FILTER (WHERE health = 'Healthy')`.as('healthy');
      const query = build.selectFrom('status').select(['cluster', all, inSync, healthy]).groupBy('cluster');
      const rows = await ask(query.where(among('cluster', clusters)));
      return new Map(
        rows.map((row) => [
          row.cluster as ClusterName,
          { applications: row.n, inSync: row.inSync, healthy: row.healthy },
        ]),
      );
    },
  };
}

async function desired(ask: Ask, clusters: readonly ClusterName[]): Promise<DesiredOf[]> {
  const of = new Map<string, { row: ClusterRow; assignments: AssignmentRow[] }>();
  const rows = build.selectFrom('cluster').selectAll().where(among('cluster', clusters)).orderBy('cluster');
  for (const row of await ask(rows)) of.set(row.cluster, { row: clusterOf(row), assignments: [] });
  for (const row of await ask(selectAssignments({ clusters })))
    of.get(row.cluster)?.assignments.push(assignmentOf(row));
  return [...of.values()];
}

function selectAssignments(filter: Parameters<Store['assignments']>[0]) {
  const { cluster, application, environment, clusters, keys } = filter;
  let query = build.selectFrom('assignment').selectAll().orderBy('cluster').orderBy('application');
  if (cluster !== undefined) query = query.where('cluster', '=', cluster);
  if (clusters !== undefined) query = query.where(among('cluster', clusters));
  if (application !== undefined) query = query.where('application', '=', application);
  if (environment !== undefined) query = query.where('environment', '=', environment);
  if (keys !== undefined) query = query.where(amongKeys(keys));
  return query;
}

function selectStatuses(filter: Parameters<Store['statuses']>[0]) {
  const { cluster, application, environment, clusters, after, limit } = filter;
  let query = build.selectFrom('status').selectAll('status').orderBy('cluster').orderBy('application');
  if (cluster !== undefined) query = query.where('cluster', '=', cluster);
  if (clusters !== undefined) query = query.where(among('cluster', clusters));
  if (application !== undefined) query = query.where('application', '=', application);
  for (const axis of ['sync', 'health', 'drift'] as const) {
    const word = filter[axis];
    if (word !== undefined) query = query.where(axis, '=', word);
  }
  if (environment !== undefined)
    query = query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom('assignment')
          .select('assignment.cluster')
          .whereRef('assignment.cluster', '=', 'status.cluster')
          .whereRef('assignment.application', '=', 'status.application')
          .where('assignment.environment', '=', environment),
      ),
    );
  if (after !== undefined) {
    const slash = after.indexOf('/');
    query = query.where(sql<boolean>`(cluster, application) > (${after.slice(0, slash)}, ${after.slice(slash + 1)})`);
  }
  return limit === undefined ? query : query.limit(limit);
}

/** As many look-ups in the primary key as there are keys. */
function amongKeys(keys: readonly RowKey[]) {
  const clusters = keys.map((key) => key.cluster);
  const applications = keys.map((key) => key.application);
  return sql<boolean>`(cluster, application) IN (SELECT * FROM unnest(${clusters}::text[], ${applications}::text[]))`;
}

function among(column: string, names: readonly string[]) {
  return sql<boolean>`${sql.ref(column)} = any(${names}::text[])`;
}

function smallReads({
  ask,
  self,
}: ReadWays): Pick<Store, 'instances' | 'fact' | 'factsOf' | 'facts' | 'events' | 'outbox'> {
  return {
    async instances(role) {
      const alive = build.selectFrom('instance').select('instance').where('role', '=', role);
      const rows = await ask(alive.where(sql<boolean>`until > clock_timestamp()`).orderBy('instance'));
      return rows.map((row) => row.instance);
    },
    async fact(key) {
      const [row] = await ask(build.selectFrom('fact').select('value').where('key', '=', key));
      return row?.value as JsonObject | undefined;
    },
    async factsOf(keys) {
      const rows = await ask(build.selectFrom('fact').selectAll().where(among('key', keys)));
      return new Map(rows.map((row) => [row.key, row.value as JsonObject]));
    },
    async facts(prefix) {
      const query = build.selectFrom('fact').selectAll().orderBy('key').where('key', '>=', prefix);
      // U+10FFFF sorts behind all that a key may go on with.
      const rows = await ask(query.where('key', '<', `${prefix}\u{10ffff}`));
      return new Map(rows.map((row) => [row.key, row.value as JsonObject]));
    },
    async events({ afterId, limit, newestFirst = false, type, cluster, application, environment }) {
      let query = build.selectFrom('event').selectAll().limit(limit);
      if (type !== undefined) query = query.where('type', '=', type);
      if (cluster !== undefined) query = query.where('cluster', '=', cluster);
      if (application !== undefined) query = query.where('application', '=', application);
      if (environment !== undefined) query = query.where('environment', '=', environment);
      if (afterId !== undefined) query = query.where('id', newestFirst ? '<' : '>', afterId);
      return (await ask(query.orderBy('id', newestFirst ? 'desc' : 'asc'))).map(eventOf);
    },
    async outbox(limit, others) {
      let query = build.selectFrom('outbox').select(['id', 'subject', 'payload']).orderBy('id').limit(limit);
      if (others)
        query = query.where(
          sql<boolean>`(writer = ${self}
            or put_at < clock_timestamp() - ${others.afterMs} * interval '1 millisecond')`,
        );
      return (await ask(query)).map((row) => row as OutboxRow);
    },
  };
}
