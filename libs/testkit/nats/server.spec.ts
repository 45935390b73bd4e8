import { readFile, stat } from 'node:fs/promises';

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { startNatsServer, type NatsServer } from './index.ts';

/** Does what is asked over one connection, which it closes. */
async function counted(server: NatsServer, publish = 0): Promise<number> {
  const connection = await connect({ servers: server.url });
  try {
    const manager = await jetstreamManager(connection);
    await manager.streams.info('kept').catch(() => manager.streams.add({ name: 'kept', subjects: ['kept'] }));
    for (let n = 0; n < publish; n += 1) await jetstream(connection).publish('kept', String(n));
    return (await manager.streams.info('kept')).state.messages;
  } finally {
    await connection.close();
  }
}

test('a killed server comes back on its port with what it kept, a wiped one with nothing, a set-back one with less', async () => {
  await using server = await startNatsServer();
  expect(await counted(server, 2)).toBe(2);
  await server.down();
  const copy = await server.copyStore();
  await server.up();
  expect(await counted(server, 3)).toBe(5);
  await server.restart({ whileDown: () => server.setBackStore(copy) });
  expect(await counted(server)).toBe(2);
  await server.restart({ whileDown: () => server.wipeStore() });
  expect(await counted(server)).toBe(0);
});

test('the store of a running server is not touched', async () => {
  await using server = await startNatsServer();
  await expect(server.wipeStore()).rejects.toThrow(/Take it down first/);
});

test('more configuration is taken at the start and by a reload', async () => {
  const users = (password: string) => `authorization { users: [ { user: "a", password: "${password}" } ] }`;
  await using server = await startNatsServer({ jetStream: false, leaf: true, config: users('first') });
  await expect(connect({ servers: server.url })).rejects.toThrow(/Authorization Violation/);
  await server.reload(users('second'));
  const connection = await connect({ servers: server.url, user: 'a', pass: 'second' });
  expect(connection.info?.version).toMatch(/^2\.15\./);
  expect(await server.monitor('/leafz')).toMatchObject({ leafnodes: 0 });
  await connection.close();
});

test('a configuration that is not one is told with the end of the log, and leaves nothing behind', async () => {
  await expect(startNatsServer({ config: 'authorization { nonsense' })).rejects.toThrow(/Cannot start nats-server/);
});

test('it ends with its folder', async () => {
  const server = await startNatsServer();
  expect(await readFile(server.logFile, 'utf8')).toContain('Server is ready');
  const pid = server.pid() ?? 0;
  await server.stop();
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  await expect(stat(server.folder)).rejects.toThrow(/ENOENT/);
});
