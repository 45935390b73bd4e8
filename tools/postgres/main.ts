import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findPostgres, oldestPostgres } from '@fairlead/testkit/postgres';

/**
 * Finds the PostgreSQL that tests start, and installs Debian's where there is none: with apt-get, as root, only. Says what
 * it does, and what to do where it can do nothing.
 */
async function main(): Promise<number> {
  if (await told()) return 0;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    process.stderr.write(
      `No PostgreSQL ${oldestPostgres} or newer was found on PATH, by pg_config or below /usr/lib/postgresql.\n` +
        'Install it, so that `initdb` and `postgres` are there: `apt-get install postgresql` (as root, Debian and Ubuntu),\n' +
        '`dnf install postgresql-server`, `brew install postgresql@17`, and put its programs on PATH.\n',
    );
    return 1;
  }
  process.stdout.write('No PostgreSQL was found: installing the package postgresql with apt-get.\n');
  for (const flags of [['update'], ['install', '--yes', '--no-install-recommends', 'postgresql']]) {
    const { status } = spawnSync('apt-get', flags, {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status !== 0) {
      process.stderr.write(`apt-get ${flags[0]} failed; see above.\n`);
      return 1;
    }
  }
  if (await told()) return 0;
  process.stderr.write(`The package that was installed holds no PostgreSQL ${oldestPostgres} or newer.\n`);
  return 1;
}

async function told(): Promise<boolean> {
  const found = await findPostgres();
  if (found) process.stdout.write(`PostgreSQL ${found.major} in ${found.folder}\n`);
  return found !== undefined;
}

process.exitCode = await main();
