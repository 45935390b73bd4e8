import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whom a program runs as; without them, as whoever runs this. */
export interface UnixUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** Nobody, where the system has no user of PostgreSQL's own. */
const nobody = 65_534;

/** PostgreSQL refuses to run as root: then it is the system's user `postgres`, or else nobody. */
export async function postgresUser(): Promise<UnixUser> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all([idOf('-u'), idOf('-g')]);
  return { uid, gid };
}

async function idOf(flag: '-u' | '-g'): Promise<number> {
  return run('id', [flag, 'postgres']).then(
    ({ stdout }) => Number(stdout),
    () => nobody,
  );
}
