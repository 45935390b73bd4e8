import { randomUUID } from 'node:crypto';
import { FairleadError } from '@fairlead/core/model';
import type { Store } from '@fairlead/ports/store';
import type { Client, ClientConfig, Pool } from 'pg';
import { askOf, momentOf } from './ask.ts';
import { blobsOver } from './blobs.ts';
import { clientConfig, connect, openPool, usualTimes, type PostgresAddress, type PostgresTimes } from './connect.ts';
import { Lane, shutDown } from './lane.ts';
import { leasesOver } from './leases.ts';
import { migrate } from './migrate.ts';
import { patiently } from './patience.ts';
import { readsOver } from './reads.ts';

/** Options of {@link openPostgresStore}. */
export interface PostgresStoreOptions extends PostgresAddress {
  /** 32 bytes that lie beside the hub and never in the store: what secret blobs are encrypted under (AES-256-GCM). */
  readonly key: Uint8Array;
  /** How many events are kept, the newest; 100,000 unless told. */
  readonly journalLimit?: number;
  /** 10 s of patience with a server that is away and 30 s for a statement, unless told. */
  readonly times?: Partial<PostgresTimes>;
}

/** How many reads may wait for a connection. */
const readLimit = 10_000;

/**
 * Opens the store in a PostgreSQL (15 or newer) that several hubs may share, and brings its tables up to date. While the
 * server is away calls are tried again for as long as patience lasts, and then fail with Unavailable. Throws
 * FailedPrecondition where the server turns the hub away or a newer hub has changed the tables.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const times = { ...usualTimes, ...options.times };
  const config = clientConfig(options, times);
  const id = await patiently(() => prepare(config), times);
  const pool = openPool(config);
  const self = randomUUID();
  const bells = new Set<() => void>();
  const rang = (): void => {
    for (const ring of bells) ring();
  };
  const lane = new Lane({
    connect: () => connect({ ...config, pipeline: true }),
    statements: { key: options.key, journalLimit: options.journalLimit ?? 100_000, self },
    patienceMs: times.patienceMs,
    rang,
  });
  let isClosed = false;
  return {
    id,
    ...directCalls(pool, { key: options.key, self, patienceMs: times.patienceMs, isClosed: () => isClosed }),
    write: async (changes, guard) => void (await lane.add({ kind: 'write', changes, guard })),
    raiseSession: async (cluster, hello) => (await lane.add({ kind: 'hello', cluster, hello })) as number,
    onOutbox(callback) {
      bells.add(callback);
      return () => void bells.delete(callback);
    },
    async close() {
      isClosed = true;
      await lane.close();
      await pool.end();
    },
  };
}

async function prepare(config: ClientConfig): Promise<string> {
  const client: Client = await connect(config);
  try {
    return await migrate(client);
  } finally {
    await client.end();
  }
}

type Direct = Omit<Store, 'id' | 'write' | 'raiseSession' | 'onOutbox' | 'close'>;

/** Everything that does not go through the lane: each call on a connection of the pool, tried again while it may help. */
function directCalls(
  pool: Pool,
  { patienceMs, isClosed, ...ways }: { key: Uint8Array; self: string; patienceMs: number; isClosed: () => boolean },
): Direct {
  const reads = readsOver({ ask: askOf(pool), moment: momentOf(pool), self: ways.self });
  const calls = { ...reads, ...blobsOver(pool, ways), ...leasesOver(pool) };
  const patient = Object.entries(calls).map(([name, call]) => [
    name,
    async (...args: never[]) => {
      if (isClosed()) throw shutDown();
      if (pool.waitingCount >= readLimit) throw tooMany();
      return patiently(() => (call as (...all: never[]) => Promise<unknown>)(...args), { patienceMs });
    },
  ]);
  return Object.fromEntries(patient) as Direct;
}

function tooMany(): FairleadError {
  return new FairleadError(`Cannot take the call: ${readLimit} wait for the store already. Try again later.`, {
    code: 'ResourceExhausted',
    reason: 'RateLimited',
    retry: 'backoff',
  });
}
