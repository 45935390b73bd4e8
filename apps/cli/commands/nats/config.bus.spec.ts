import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openNatsBus } from '@fairlead/adapters/nats/bus';
import { systemClock } from '@fairlead/ports/clock';
import { startNatsServer } from '@fairlead/testkit/nats';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { recordedIo } from '../../recorded.ts';
import { run } from '../../run.ts';

test('the bus works by the credentials that are made for it, and whoever takes them over has no more than the bus', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-nats-config-'));
  const io = recordedIo({ cwd: folder, env: {} });
  expect(await run(['nats', 'config', '--keys', 'keys'], io)).toBe(0);
  await using server = await startNatsServer({ config: io.stdout() });
  const credentialsFile = join(folder, 'keys', 'nats-bus.creds');
  const failures: unknown[] = [];
  const fails = (failure: unknown): void => void failures.push(failure);
  const bus = await openNatsBus({
    servers: server.url,
    credentialsFile,
    clock: systemClock,
    name: 'bus',
    onError: fails,
    onProblem: fails,
  });
  const heard = Promise.withResolvers<unknown>();
  bus.subscribe('fleet', (payload) => heard.resolve(payload));
  await bus.publish('fleet', { head: 'c0ffee' });
  expect(await heard.promise).toMatchObject({ head: 'c0ffee' });
  await bus.close();
  expect(failures).toEqual([]);

  const taken = await connect({
    servers: server.url,
    authenticator: credsAuthenticator(await readFile(credentialsFile)),
    inboxPrefix: '_INBOX_FAIRLEAD_BUS',
  });
  const manager = await jetstreamManager(taken, { checkAPI: false, timeout: 1_000 });
  const refused = /[Pp]ermissions? [Vv]iolation/;
  await expect(manager.streams.delete('FAIRLEAD_BUS')).rejects.toThrow(refused);
  await expect(manager.streams.add({ name: 'THIRD', subjects: ['third'] })).rejects.toThrow(refused);
  await taken.close();
  await rm(folder, { recursive: true });
});
