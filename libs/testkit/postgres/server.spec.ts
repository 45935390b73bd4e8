import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type PostgresServer } from './server.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres({ durable: false });
});
afterAll(() => server.stop());

test('a database is reached by password only', async () => {
  const database = await server.createDatabase();
  expect(await server.query('SELECT 1 AS one', { in: database })).toEqual([{ one: 1 }]);
  const wrong = server.query('SELECT 1', { in: { ...database, password: 'wrong' } });
  await expect(wrong).rejects.toThrow(/password authentication failed/);
});

test('what was committed is there after everything was killed', async () => {
  await server.query('CREATE TABLE kept (n int)');
  await server.query('INSERT INTO kept VALUES (1)');
  await server.down();
  expect(server.pid()).toBeUndefined();
  await expect(server.query('SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
  await server.up();
  expect(await server.query('SELECT n FROM kept')).toEqual([{ n: 1 }]);
});

test('the data folder is set back to a copy', async () => {
  await server.query('CREATE TABLE later (n int)');
  await server.down({ graceMs: 30_000 });
  const copy = await server.copyData();
  await server.up();
  await expect(server.copyData()).rejects.toThrow(/Take it down first/);
  await server.query('INSERT INTO later VALUES (1)');
  await server.down();
  await server.setBackData(copy);
  await server.up();
  expect(await server.query('SELECT n FROM later')).toEqual([]);
});

test('a frozen server answers nothing until it is resumed', async () => {
  await server.freeze();
  let answered = false;
  const asked = server.query('SELECT 1 AS one').then((rows) => {
    answered = true;
    return rows;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toBe(false);
  await server.resume();
  expect(await asked).toEqual([{ one: 1 }]);
});
