import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, removeFolderAtEnd } from '@fairlead/testkit/process';
import { Client, type QueryResultRow } from 'pg';
import { requirePostgres } from './find.ts';
import { runPostgres, type FileLimit } from './running.ts';
import { postgresUser, type UnixUser } from './user.ts';

const run = promisify(execFile);

/** Options of {@link startPostgres}. */
export interface PostgresOptions {
  /**
   * Whether commits reach the disk (`fsync`). True where power cuts are played or speed is measured; false elsewhere: a
   * killed process loses nothing without it, for the system still has what was written.
   */
  readonly durable: boolean;
  /** More settings, such as `max_connections`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the server's folder is made; the system's temporary folder unless told. */
  readonly parentFolder?: string;
}

/** How to reach a database. */
export interface PostgresAccess {
  /** `postgres://USER@127.0.0.1:PORT/DATABASE`, without the password. */
  readonly url: string;
  readonly password: string;
}

/** A copy of a data folder. */
export interface DataCopy {
  readonly folder: string;
}

/** A real PostgreSQL on the loopback address, with passwords by SCRAM. It keeps its port over restarts. */
export interface PostgresServer {
  readonly port: number;
  readonly folder: string;
  readonly logFile: string;
  /** A new, empty database. */
  createDatabase(): Promise<PostgresAccess>;
  /** Runs a statement as the superuser, in the database of the access or in the first one. */
  query(sql: string, options?: { readonly in?: PostgresAccess }): Promise<QueryResultRow[]>;
  /** Undefined while it is down. */
  pid(): number | undefined;
  /** Takes it down: SIGKILL of everything at once unless told otherwise. */
  down(options?: { readonly graceMs?: number }): Promise<void>;
  /** Starts it again on the same port; it answers when this is fulfilled. */
  up(limits?: FileLimit): Promise<void>;
  /** Stops it where it stands: connections stay open and answer nothing, until `resume`. */
  freeze(): Promise<void>;
  resume(): Promise<void>;
  /** Copies the data folder. Throws while the server is up. */
  copyData(): Promise<DataCopy>;
  /** Sets the data folder back to the copy. Throws while the server is up. */
  setBackData(copy: DataCopy): Promise<void>;
  /** Kills it and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const superuser = 'fairlead';
const bootTries = 3;

/**
 * Starts a real PostgreSQL of this machine (15 or newer; `npm run postgres` finds or installs it), as a user without
 * rights where this is root. It ends with `stop`, or with this process at the latest. Throws, with the end of its log,
 * when it does not come up; nothing is left running then.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt += 1) {
    const server = await create(options);
    try {
      await server.up();
      return server;
    } catch (error) {
      await server.stop();
      // Another test may have taken the port between the look and the start.
      if (attempt >= bootTries || !/Address already in use/.test(String(error))) throw error;
    }
  }
}

async function create(options: PostgresOptions): Promise<PostgresServer> {
  const [programs, user] = await Promise.all([requirePostgres(), postgresUser()]);
  const folder = await mkdtemp(join(options.parentFolder ?? tmpdir(), 'fairlead-postgres-'));
  removeFolderAtEnd(folder);
  await own(folder, user);
  const dataFolder = join(folder, 'data');
  const password = randomBytes(12).toString('hex');
  await initialise({ programs: programs.folder, folder, dataFolder, user, password });
  const port = await freePort();
  const access = (database: string): PostgresAccess => ({
    url: `postgres://${superuser}@127.0.0.1:${port}/${database}`,
    password,
  });
  const first = access('postgres');
  const process = runPostgres({
    programs: programs.folder,
    folder,
    dataFolder,
    user,
    settings: settingsOf(options, { port, folder }),
    answers: () =>
      ask(first, 'SELECT 1').then(
        () => true,
        () => false,
      ),
  });
  let databases = 0;
  const stop = async (): Promise<void> => {
    await process.stop({});
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  return {
    port,
    folder,
    logFile: process.logFile,
    async createDatabase() {
      const name = `hub_${(databases += 1)}`;
      await ask(first, `CREATE DATABASE ${name}`);
      return access(name);
    },
    query: (sql, { in: where = first } = {}) => ask(where, sql),
    pid: process.pid,
    down: (how = {}) => process.stop(how),
    up: process.start,
    freeze: () => process.signal('SIGSTOP'),
    resume: () => process.signal('SIGCONT'),
    ...copies({ folder, dataFolder, pid: process.pid }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function settingsOf({ durable, settings }: PostgresOptions, { port, folder }: { port: number; folder: string }) {
  return {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: folder,
    fsync: durable ? 'on' : 'off',
    ...(durable ? {} : { full_page_writes: 'off' }),
    max_connections: '200',
    ...settings,
  };
}

interface Initial {
  readonly programs: string;
  readonly folder: string;
  readonly dataFolder: string;
  readonly user: UnixUser;
  readonly password: string;
}

async function initialise({ programs, folder, dataFolder, user, password }: Initial): Promise<void> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await own(passwordFile, user);
  const flags = ['--pgdata', dataFolder, '--username', superuser, '--pwfile', passwordFile];
  const how = ['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync', '--no-instructions'];
  await run(join(programs, 'initdb'), [...flags, ...how], { cwd: folder, ...user });
}

async function own(path: string, { uid, gid }: UnixUser): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

function copies(of: { folder: string; dataFolder: string; pid: () => number | undefined }) {
  let made = 0;
  const mustBeDown = (what: string): void => {
    const pid = of.pid();
    if (pid !== undefined) throw new Error(`Cannot ${what}: PostgreSQL runs as process ${pid}. Take it down first.`);
  };
  const copy = async (from: string, to: string): Promise<void> => {
    const user = await postgresUser();
    // The copy belongs to whom the files belong to, which `cp` of Node does not see to.
    await run('cp', ['-a', from, to], user.uid === undefined ? {} : user);
  };
  return {
    async copyData(): Promise<DataCopy> {
      mustBeDown('copy the data');
      const folder = join(of.folder, `copy-${(made += 1)}`);
      await copy(of.dataFolder, folder);
      return { folder };
    },
    async setBackData({ folder }: DataCopy): Promise<void> {
      mustBeDown('set the data back');
      await rm(of.dataFolder, { recursive: true, force: true });
      await copy(folder, of.dataFolder);
    },
  };
}

async function ask({ url, password }: PostgresAccess, sql: string): Promise<QueryResultRow[]> {
  const { hostname, port, username, pathname } = new URL(url);
  const client = new Client({
    host: hostname,
    port: Number(port),
    user: username,
    database: pathname.slice(1),
    password,
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined); // the statement that runs tells of it
  await client.connect();
  try {
    return (await client.query(sql)).rows as QueryResultRow[];
  } finally {
    await client.end();
  }
}
