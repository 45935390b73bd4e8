import { FairleadError } from '@fairlead/core/model';
import { Client, Pool, types as defaultTypes, type ClientConfig } from 'pg';

/** How a hub reaches its PostgreSQL. */
export interface PostgresAddress {
  /** `postgres://USER@HOST:PORT/DATABASE`; a folder of a Unix socket as `?host=/run/postgresql`. It holds no password. */
  readonly url: string;
  readonly password?: string;
  /** PEM of the authority that the server's certificate must be signed by; without it the way is not encrypted. */
  readonly ca?: string;
}

/** How long things may take. */
export interface PostgresTimes {
  /** For how long a call is tried again while the server is away. */
  readonly patienceMs: number;
  /** How long one statement may run. */
  readonly statementMs: number;
}

/** Bounds that a hub works with. */
export const usualTimes: PostgresTimes = { patienceMs: 10_000, statementMs: 30_000 };

/** How long a connection may take, and how long a transaction of a hub that stopped may hold its locks. */
const connectMs = 5_000;
const idleInTransactionMs = 10_000;
const lockMs = 10_000;

/** What pg is told. Throws InvalidInput where the URL is none, or holds a password. */
export function clientConfig(address: PostgresAddress, times: PostgresTimes): ClientConfig {
  const { hostname, port, username, password, pathname, searchParams } = parse(address.url);
  if (password !== '') throw invalid('it holds a password, which others can see there. Put it into a file of its own.');
  if (username === '' || pathname.length < 2) throw invalid('it names no user or no database.');
  const host = searchParams.get('host') ?? hostname;
  return {
    host,
    port: port === '' ? 5432 : Number(port),
    user: decodeURIComponent(username),
    database: decodeURIComponent(pathname.slice(1)),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.ca === undefined ? {} : { ssl: { ca: address.ca, servername: host } }),
    application_name: 'fairlead',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: connectMs,
    statement_timeout: times.statementMs,
    // The client's own patience is a little longer: it ends what the server cannot end any more.
    query_timeout: times.statementMs + 2_000,
    lock_timeout: lockMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    types: { getTypeParser },
  };
}

/** A pool of few connections for reads. */
export function openPool(config: ClientConfig): Pool {
  const pool = new Pool({ ...config, max: 4, idleTimeoutMillis: 60_000 });
  // An idle connection that breaks is replaced; whoever asks next hears of it if there is no other.
  pool.on('error', () => undefined);
  return pool;
}

/** A connection of its own. Throws what pg throws. */
export async function connect(config: ClientConfig): Promise<Client> {
  const client = new Client(config);
  // Statements that run hear of a broken connection themselves.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

const int8 = 20;
const usualParser = defaultTypes.getTypeParser as (
  oid: number,
  format?: 'text' | 'binary',
) => (text: string) => unknown;

/** Counts, ids and milliseconds are bigint in the tables, and numbers here: all stay below 2^53. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  if (oid === int8 && format !== 'binary') return Number;
  return usualParser(oid, format);
}

function parse(url: string): URL {
  const parsed = URL.parse(url);
  if (parsed && /^postgres(ql)?:$/.test(parsed.protocol)) return parsed;
  throw invalid('it is not of the form postgres://USER@HOST:PORT/DATABASE.');
}

/** The URL itself is not repeated: it may hold a password. */
function invalid(why: string): FairleadError {
  return new FairleadError(`Cannot use the URL of the store: ${why}`, {
    code: 'InvalidInput',
    reason: 'InvalidArgument',
  });
}
