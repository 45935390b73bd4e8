import { execFile } from 'node:child_process';
import { access, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The programs of PostgreSQL on this machine. */
export interface PostgresPrograms {
  /** The folder that holds `initdb` and `postgres`. */
  readonly folder: string;
  /** Such as 15. */
  readonly major: number;
}

/** The oldest major version that the store works with. */
export const oldestPostgres = 15;

/** Where Debian puts them, outside of PATH. */
const debianFolder = '/usr/lib/postgresql';

/** Looks for PostgreSQL 15 or newer: on PATH, where `pg_config` points, and where Debian puts it; the newest of a place. */
export async function findPostgres(): Promise<PostgresPrograms | undefined> {
  for (const folder of await candidates()) {
    const major = await majorOf(folder);
    if (major !== undefined && major >= oldestPostgres) return { folder, major };
  }
  return undefined;
}

/** Like {@link findPostgres}. Throws where there is none, and says what to do. */
export async function requirePostgres(): Promise<PostgresPrograms> {
  const found = await findPostgres();
  if (found) return found;
  throw new Error(
    `Cannot start PostgreSQL: no initdb of version ${oldestPostgres} or newer was found on PATH, by pg_config or below ${debianFolder}. Run \`npm run postgres\`.`,
  );
}

async function candidates(): Promise<string[]> {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const configured = await run('pg_config', ['--bindir']).then(
    ({ stdout }) => [stdout.trim()],
    () => [],
  );
  const versions = await readdir(debianFolder).catch(() => []);
  const debian = versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(debianFolder, version, 'bin'));
  return [...path, ...configured, ...debian];
}

async function majorOf(folder: string): Promise<number | undefined> {
  try {
    await access(join(folder, 'initdb'));
    const { stdout } = await run(join(folder, 'postgres'), ['--version']);
    const major = /\s(\d+)[.\w]*/.exec(stdout)?.[1];
    return major === undefined ? undefined : Number(major);
  } catch {
    return undefined;
  }
}
