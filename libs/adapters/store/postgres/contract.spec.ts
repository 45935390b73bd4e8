import { storeContract } from '@fairlead/ports/contracts/store';
import { startPostgres, type PostgresServer } from '@fairlead/testkit/postgres';
import { afterAll, beforeAll } from 'vitest';
import { openPostgresStore } from './open.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ durable: false });
});
afterAll(() => server.stop());

storeContract('PostgreSQL', {
  async open({ journalLimit }) {
    return openPostgresStore({ ...(await server.createDatabase()), key: new Uint8Array(32), journalLimit });
  },
});
