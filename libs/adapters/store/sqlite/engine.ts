import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { FairleadError } from '@fairlead/core/model';
import { callsOver } from './calls.ts';
import { migrations } from './migrations/list.ts';
import type { EngineOptions, Reply, Request } from './protocol.ts';
import { transactions } from './transactions.ts';

/** The store inside its thread. */
export interface Engine {
  readonly id: string;
  /**
   * Carries out calls in order and answers them together. Everything that they write becomes durable in one commit
   * before the answers are returned, so that many small writes share one fsync.
   */
  run(requests: readonly Request[]): { readonly replies: readonly Reply[]; readonly rang: boolean };
  close(): void;
}

/** Opens the database file, alone: a second process is refused. Throws FairleadError FailedPrecondition. */
export function openEngine(options: EngineOptions): Engine {
  const database = openDatabase(options.file);
  const calls = callsOver(database, options);
  return {
    id: String(database.prepare("SELECT value FROM meta WHERE key = 'id'").get()?.['value']),
    run: transactions(database, calls),
    close: () => database.close(),
  };
}

function openDatabase(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    // EXCLUSIVE keeps a second hub out; FULL makes a commit durable before it returns (WAL alone would not).
    database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 2000`);
    migrate(database);
    return database;
  } catch (cause) {
    database?.close();
    const locked = cause instanceof Error && /locked|busy/.test(cause.message);
    throw new FairleadError(
      locked
        ? `Cannot open the store ${file}: another process holds it. Stop the other hub, or give this one a data folder of its own.`
        : `Cannot open the store ${file}: ${cause instanceof Error ? cause.message : String(cause)}. Everything in it follows from git: move the file away to start anew.`,
      { code: 'FailedPrecondition', reason: 'InternalError', subject: { file }, cause },
    );
  }
}

function migrate(database: DatabaseSync): void {
  const done = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (done > migrations.length)
    throw new Error(
      `its tables are of version ${done}, and this hub knows ${migrations.length} only; start a newer hub`,
    );
  database.exec('BEGIN EXCLUSIVE');
  for (const migration of migrations.slice(done)) database.exec(migration);
  database.exec(`PRAGMA user_version = ${migrations.length}`);
  database.prepare('INSERT OR IGNORE INTO meta VALUES (?, ?)').run('id', randomUUID());
  database.exec('COMMIT');
}
