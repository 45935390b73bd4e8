import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { flagsOf, programEnvironment, programPath } from '@fairlead/testkit/fleet';
import { startNatsServer } from '@fairlead/testkit/nats';
import { startPostgres, type PostgresAccess } from '@fairlead/testkit/postgres';

/** What roles apart share: a PostgreSQL that writes to the disk, and a NATS JetStream. */
export interface SharedServers {
  readonly access: PostgresAccess;
  /** Flags by which every role finds them. */
  readonly flags: Readonly<Record<string, string>>;
  /** Their processes by name. */
  pids(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** Starts both with an empty database; the password lies in the folder. */
export async function startSharedServers(folder: string): Promise<SharedServers> {
  const postgres = await startPostgres({ durable: true });
  const bus = await startNatsServer().catch(async (error: unknown) => {
    await postgres.stop();
    throw error;
  });
  const access = await postgres.createDatabase();
  const passwordFile = join(folder, 'postgres-password');
  await writeFile(passwordFile, access.password, { mode: 0o600 });
  return {
    access,
    flags: { store: access.url, 'store-password-file': passwordFile, bus: bus.url },
    pids: () => ({ postgres: postgres.pid() ?? 0, nats: bus.pid() ?? 0 }),
    async stop() {
      await bus.stop();
      await postgres.stop();
    },
  };
}

/** Makes the files of keys that roles apart need; an authority that is there stays. */
export async function makeKeys(keys: string): Promise<void> {
  const args = [programPath('hub'), '--make-keys', ...flagsOf({ keys, name: '127.0.0.1' })];
  await promisify(execFile)(process.execPath, args, { env: programEnvironment() });
}
