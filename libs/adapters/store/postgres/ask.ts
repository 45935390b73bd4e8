import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type CompiledQuery,
} from 'kysely';
import type { ClientBase, Pool } from 'pg';
import type { Schema } from './schema.ts';

/** Builds statements over the tables. It runs none: connections, their errors and time-outs are our own affair. */
export const build = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

/** Runs a statement and gives its rows. */
export type Ask = <Row>(query: { compile(): CompiledQuery<Row> }) => Promise<Row[]>;

/** Runs several reads that see one moment of the database. */
export type Moment = <T>(work: (ask: Ask) => Promise<T>) => Promise<T>;

/** Runs statements on any connection of the pool; what breaks is not used again. */
export function askOf(pool: Pick<Pool | ClientBase, 'query'>): Ask {
  return async <Row>(query: { compile(): CompiledQuery<Row> }): Promise<Row[]> => {
    const { sql, parameters } = query.compile();
    return (await pool.query(sql, [...parameters])).rows as Row[];
  };
}

/** Gives each piece of work a snapshot of its own. */
export function momentOf(pool: Pool): Moment {
  return async (work) => {
    const client = await pool.connect();
    let broken = true;
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const result = await work(askOf(client));
      await client.query('COMMIT');
      broken = false;
      return result;
    } finally {
      // A connection that failed in the middle is thrown away, with its transaction.
      client.release(broken);
    }
  };
}
