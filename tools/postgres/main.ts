import { findPostgres, oldestPostgres } from '@fairlead/testkit/postgres';
import { provide } from '@fairlead/tools-apt';

/** Finds the PostgreSQL that tests start, or installs Debian's. */
process.exitCode = await provide({
  what: `PostgreSQL ${oldestPostgres} or newer`,
  debianPackage: 'postgresql',
  async find() {
    const found = await findPostgres();
    return found && `PostgreSQL ${found.major} in ${found.folder}`;
  },
  help:
    'on PATH, by pg_config or below /usr/lib/postgresql.\n' +
    'Install it, so that `initdb` and `postgres` are there: `apt-get install postgresql` (as root, Debian and Ubuntu),\n' +
    '`dnf install postgresql-server`, `brew install postgresql@17`, and put its programs on PATH.\n',
});
