import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { FairleadError, type ClusterName, type Connection, type Position } from '@fairlead/core/model';
import type { ClusterFilter, ClusterRow, ContactRow, HeadRow, HeardAt, Hello } from '@fairlead/ports/store';
import { dense } from '../../dense.ts';
import { type Cell, type Row } from '../row.ts';

/** Rows of members. */
export interface Clusters {
  one(cluster: ClusterName): ClusterRow | undefined;
  /** 0 where there is no row. */
  session(cluster: ClusterName): number;
  page(filter?: ClusterFilter): ClusterRow[];
  connections(at: HeardAt): Record<Connection, number>;
  putHead(row: HeadRow): void;
  putContact(row: ContactRow): void;
  raiseSession(cluster: ClusterName, hello: Hello): number;
  drop(cluster: ClusterName): void;
}

const contactColumns = {
  sequence: 'sequence',
  statusDigest: 'status_digest',
  connectedAtMs: 'connected_at_ms',
  lastHeardAtMs: 'last_heard_at_ms',
  unansweredSinceMs: 'unanswered_since_ms',
  ackedRoot: 'acked_root',
} as const;

/** Prepares the statements over `cluster`. */
export function clusters(database: DatabaseSync): Clusters {
  const one = database.prepare('SELECT * FROM cluster WHERE cluster = ?');
  const sessionOf = database.prepare('SELECT session FROM cluster WHERE cluster = ?');
  const page = database.prepare('SELECT * FROM cluster WHERE cluster > ? ORDER BY cluster LIMIT ?');
  const named = database.prepare(`SELECT * FROM cluster
    WHERE cluster > ? AND cluster IN (SELECT value FROM json_each(?)) ORDER BY cluster LIMIT ?`);
  const drops = ['cluster', 'assignment', 'status'].map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE cluster = ?`),
  );
  const head =
    database.prepare(`INSERT INTO cluster (cluster, head_bytes, head_signature, head_key, epoch, generation, root)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (cluster) DO UPDATE SET head_bytes = ?2, head_signature = ?3, head_key = ?4, epoch = ?5, generation = ?6, root = ?7
    WHERE epoch IS NULL OR (epoch, generation) <= (?5, ?6)`);
  const session = database.prepare(`INSERT INTO cluster
      (cluster, session, agent_version, kubernetes_version, connected, connected_at_ms, last_heard_at_ms, gateway)
    VALUES (?1, 1, ?2, ?3, 1, ?4, ?4, ?5)
    ON CONFLICT (cluster) DO UPDATE SET session = session + 1, sequence = 0, agent_version = ?2, kubernetes_version = ?3,
      connected = 1, connected_at_ms = ?4, last_heard_at_ms = ?4, unanswered_since_ms = NULL, gateway = ?5
    RETURNING session`);
  return {
    one: (cluster) => rowOf(one.get(cluster)),
    session: (cluster) => Number(sessionOf.get(cluster)?.['session'] ?? 0),
    page({ after = '', limit = -1, names } = {}) {
      const rows = names ? named.all(after, JSON.stringify(names), limit) : page.all(after, limit);
      return rows.flatMap((row) => rowOf(row) ?? []);
    },
    connections: connectionCounter(database),
    putHead: (row) => putHead(head, row),
    putContact: contactWriter(database),
    raiseSession: (cluster, { agentVersion, kubernetesVersion, nowMs, gateway }) =>
      Number(session.get(cluster, agentVersion, kubernetesVersion, nowMs, gateway)?.['session']),
    drop(cluster) {
      for (const statement of drops) statement.run(cluster);
    },
  };
}

/** The rule of core/connection, in SQL. */
function connectionCounter(database: DatabaseSync): Clusters['connections'] {
  const statement = database.prepare(`SELECT word, count(*) AS n FROM (SELECT CASE
      WHEN session = 0 OR last_heard_at_ms IS NULL THEN 'Never'
      WHEN ?1 >= last_heard_at_ms + ?2 THEN 'Lost'
      WHEN ?1 >= last_heard_at_ms + ?3 THEN 'Silent'
      WHEN unanswered_since_ms >= last_heard_at_ms AND ?1 >= unanswered_since_ms + ?4 THEN 'Silent'
      ELSE 'Connected' END AS word FROM cluster) GROUP BY word`);
  return ({ nowMs, lostAfterMs, silentAfterMs, answerWithinMs }) => {
    const rows = statement.all(nowMs, lostAfterMs, silentAfterMs, answerWithinMs);
    const found = Object.fromEntries(rows.map((row) => [row['word'], row['n']]));
    return { Connected: 0, Silent: 0, Lost: 0, Never: 0, ...found };
  };
}

function putHead(statement: StatementSync, { cluster, head, position, root }: HeadRow): void {
  const { epoch, generation } = position;
  const { changes } = statement.run(cluster, head.bytes, head.signature, head.keyId, epoch, generation, root);
  if (changes > 0) return;
  throw new FairleadError(
    `Cannot give ${cluster} position ${epoch}.${generation}: it is at a later one already, and a position never goes back.`,
    { code: 'Conflict', reason: 'Superseded', subject: { cluster } },
  );
}

/** One statement for each set of columns that is ever written, made when it is first needed. */
function contactWriter(database: DatabaseSync): (row: ContactRow) => void {
  const statements = new Map<string, StatementSync>();
  return (row) => {
    const values = contactValues(row);
    const assigned = Object.keys(values).map((column) => `${column} = ?`);
    if (assigned.length === 0) return;
    const sql = `UPDATE cluster SET ${assigned.join(', ')} WHERE cluster = ?`;
    let statement = statements.get(sql);
    if (!statement) statements.set(sql, (statement = database.prepare(sql)));
    statement.run(...Object.values(values), row.cluster);
  };
}

function contactValues(row: ContactRow): Record<string, Cell> {
  const values: Record<string, Cell> = {};
  for (const [field, column] of Object.entries(contactColumns))
    if (field in row) values[column] = row[field as keyof typeof contactColumns] ?? null;
  if ('connected' in row) values['connected'] = row.connected ? 1 : 0;
  if ('ackedPosition' in row) {
    values['acked_epoch'] = row.ackedPosition?.epoch ?? null;
    values['acked_generation'] = row.ackedPosition?.generation ?? null;
  }
  return values;
}

function rowOf(row: Row | undefined): ClusterRow | undefined {
  if (!row) return undefined;
  const head = row['head_bytes'] && {
    bytes: row['head_bytes'],
    signature: row['head_signature'],
    keyId: row['head_key'],
  };
  return dense<ClusterRow>({
    cluster: row['cluster'] as ClusterName,
    session: row['session'] as number,
    sequence: row['sequence'] as number,
    head: head as ClusterRow['head'],
    position: positionOf(row['epoch'], row['generation']),
    root: row['root'] as ClusterRow['root'],
    ackedPosition: positionOf(row['acked_epoch'], row['acked_generation']),
    ackedRoot: row['acked_root'] as ClusterRow['ackedRoot'],
    statusDigest: row['status_digest'] as ClusterRow['statusDigest'],
    agentVersion: row['agent_version'] as string,
    kubernetesVersion: row['kubernetes_version'] as string,
    connectedAtMs: row['connected_at_ms'] as number | undefined,
    lastHeardAtMs: row['last_heard_at_ms'] as number | undefined,
    connected: row['connected'] === 1,
    gateway: row['gateway'] as string | undefined,
    unansweredSinceMs: row['unanswered_since_ms'] as number | undefined,
  });
}

function positionOf(epoch: Cell | undefined, generation: Cell | undefined): Position | undefined {
  return typeof epoch === 'number' && typeof generation === 'number' ? { epoch, generation } : undefined;
}
