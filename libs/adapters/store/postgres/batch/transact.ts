import type { JsonObject } from '@fairlead/core/model';
import type { Client, QueryResult, QueryResultRow } from 'pg';
import { failureOf } from '../errors.ts';
import { positionOf } from '../rows.ts';
import type { ClusterTable } from '../schema.ts';
import { bytesToDigest } from '../bytes.ts';
import { needsOf, type Call, type Needs } from './calls.ts';
import type { Contact, State } from './draft.ts';
import { judge, type Outcome } from './judge.ts';
import { statementsOf } from './statements.ts';
import type { Statement, StatementOptions } from './table.ts';

/** The connection was lost after the commit had been asked for: whether it came to pass only the server knows. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown';
  readonly batch: number;
  readonly outcomes: readonly Outcome[];

  constructor(of: { batch: number; outcomes: readonly Outcome[]; cause: unknown }) {
    super('The connection was lost during a commit.', { cause: of.cause });
    this.batch = of.batch;
    this.outcomes = of.outcomes;
  }
}

/** Calls that are carried out together. */
export interface Batch {
  /** Rises with each transaction of this writer, and is written with it. */
  readonly number: number;
  readonly calls: readonly Call[];
  readonly options: StatementOptions;
}

/**
 * Carries calls out in one transaction, in two trips to the server: what they need is read and locked, they are judged
 * here, and what is left of them is written. Throws what pg throws, when nothing was written; {@link CommitUnknown}
 * otherwise. The client pipelines its statements.
 */
export async function transact(client: Client, { number, calls, options }: Batch): Promise<readonly Outcome[]> {
  try {
    const state = await begin(client, { needs: needsOf(calls), mark: mark(options.self, number) });
    const { outcomes, draft } = judge(calls, state);
    const statements = statementsOf(draft, options);
    if (statements.length === 0) await client.query('ROLLBACK');
    else await commit(client, { statements, batch: number, outcomes });
    return outcomes;
  } catch (thrown) {
    // A transaction that failed before its commit stands open until it is told to end, and would take in all that follows.
    if (!(thrown instanceof CommitUnknown)) await client.query('ROLLBACK').catch(() => undefined);
    throw thrown;
  }
}

/** Gives a writer the row in which the number of its last transaction stands. */
export async function introduce(client: Client, writer: string): Promise<void> {
  await client.query('INSERT INTO writer (writer, batch) VALUES ($1, 0) ON CONFLICT DO NOTHING', [writer]);
}

/**
 * Whether the transaction of this number came to pass; waits where the server still carries it. The server's own numbers
 * of transactions would not do: after a crash it gives those anew that it had not written down.
 */
export async function cameToPass(
  client: Client,
  { writer, batch }: { writer: string; batch: number },
): Promise<boolean> {
  const text = 'SELECT batch FROM writer WHERE writer = $1 FOR UPDATE';
  return (await client.query<{ batch: number }>(text, [writer])).rows[0]?.batch === batch;
}

function mark(writer: string, batch: number): Statement {
  const text = `INSERT INTO writer (writer, batch) VALUES ($1, $2)
    ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, wrote_at = excluded.wrote_at`;
  return { name: 'mark', text, values: [writer, batch] };
}

const contactList = `cluster, session, sequence, epoch, generation, acked_epoch, acked_generation, acked_root,
  status_digest, connected_at_ms, last_heard_at_ms, unanswered_since_ms, connected, agent_version, kubernetes_version, gateway`;

async function begin(client: Client, { needs, mark: first }: { needs: Needs; mark: Statement }): Promise<State> {
  const [, , lead, clusters, facts] = await together([
    client.query('BEGIN'),
    // Its row is locked from here to the end: who asks what became of this waits for that.
    client.query({ ...first, values: [...first.values] }),
    // A leader that is about to change waits until this is written, and the next one finds it.
    needs.fence ? client.query<{ fence: number }>('SELECT fence FROM lead FOR SHARE') : nothing,
    needs.clusters.length > 0
      ? client.query<ClusterTable>({
          name: 'lock-clusters',
          // Joined, and not `= ANY`: planned once for all lists, that one compares each row with each name.
          text: `SELECT ${contactList} FROM unnest($1::text[]) AS name JOIN cluster ON cluster.cluster = name
            ORDER BY cluster FOR UPDATE OF cluster`,
          values: [needs.clusters],
        })
      : nothing,
    needs.facts.length > 0
      ? client.query<{ key: string; value: JsonObject }>(
          'SELECT key, value FROM fact WHERE key = ANY ($1::text[]) ORDER BY key FOR UPDATE',
          [needs.facts],
        )
      : nothing,
  ]);
  return {
    fence: lead?.rows[0]?.fence,
    clusters: new Map(clusters?.rows.map((row) => [row.cluster, contactOf(row)])),
    facts: new Map(facts?.rows.map((row) => [row.key, row.value])),
  };
}

const nothing = Promise.resolve(undefined);

async function commit(
  client: Client,
  { statements, batch, outcomes }: { statements: readonly Statement[]; batch: number; outcomes: readonly Outcome[] },
): Promise<void> {
  const sent: Promise<QueryResult>[] = statements.map((statement) =>
    client.query({ ...statement, values: [...statement.values] }),
  );
  try {
    const ended = await together([...sent, client.query('COMMIT')]);
    const { command } = ended.at(-1) as QueryResult;
    if (command !== 'COMMIT') throw new Error(`PostgreSQL answered ${command} to COMMIT`);
  } catch (cause) {
    if (failureOf(cause) === 'connection') throw new CommitUnknown({ batch, outcomes, cause });
    throw cause;
  }
}

/** Waits for all, for each answers; the first that failed is thrown. */
async function together<All extends readonly Promise<QueryResult<QueryResultRow> | undefined>[]>(
  all: readonly [...All],
): Promise<{ -readonly [At in keyof All]: Awaited<All[At]> }> {
  const ended = await Promise.allSettled(all);
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return ended.map((one) => (one as PromiseFulfilledResult<unknown>).value) as {
    -readonly [At in keyof All]: Awaited<All[At]>;
  };
}

function contactOf(row: ClusterTable): Contact {
  return {
    session: row.session,
    sequence: row.sequence,
    ...optional('position', positionOf(row.epoch, row.generation)),
    ...optional('ackedPosition', positionOf(row.acked_epoch, row.acked_generation)),
    ...optional('ackedRoot', bytesToDigest(row.acked_root)),
    ...optional('statusDigest', bytesToDigest(row.status_digest)),
    ...optional('connectedAtMs', row.connected_at_ms),
    ...optional('lastHeardAtMs', row.last_heard_at_ms),
    ...optional('unansweredSinceMs', row.unanswered_since_ms),
    ...optional('gateway', row.gateway),
    connected: row.connected,
    agentVersion: row.agent_version,
    kubernetesVersion: row.kubernetes_version,
  };
}

function optional<Key extends string, Value>(key: Key, value: Value | null | undefined): { [K in Key]?: Value } {
  return value === null || value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}
