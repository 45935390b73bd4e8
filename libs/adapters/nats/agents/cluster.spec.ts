import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HubConnection } from '@fairlead/ports/transport';
import { startNatsCluster, type NatsCluster, type NatsServer } from '@fairlead/testkit/nats';
import { until } from '@fairlead/testkit/kube';
import { connect, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { noBus, startHarness, type Harness, type Member } from './broker.harness.ts';
import { openRevoker, setUpBroker } from './index.ts';

const never = new AbortController().signal;
let harness: Harness;
let cluster: NatsCluster;
let ca: string;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  harness = await startHarness();
  const configs = await Promise.all(
    [0, 1, 2].map(async (n) => {
      const accountsFolder = join(harness.folder, `accounts-${n}`);
      return (await setUpBroker(join(harness.folder, 'nats'), { bus: noBus, accountsFolder })).serverConfig;
    }),
  );
  cluster = await startNatsCluster({ jetStream: false, config: (n) => configs[n] ?? '' });
  ca = await readFile(cluster.caFile, 'utf8');
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(async () => {
  await cluster?.stop();
  await harness?.stop();
});

/** Tries as an agent does, until a gateway takes it. */
async function streamAtLast(member: Member): Promise<HubConnection> {
  const link = harness.link(member, { address: cluster.urls, brokerCaPem: ca });
  const connection = await until(() => link.connect(async () => undefined, never), {
    what: 'a gateway to be reached',
    timeoutMs: 60_000,
    pollMs: 50,
  });
  closing.push(async () => connection.close());
  return connection;
}

/** The server that holds the connection of this name. */
async function serverOf(name: string): Promise<NatsServer> {
  for (const server of cluster.servers) {
    const page = (await server.monitor('/connz')) as { connections: { name: string }[] };
    if (page.connections.some((connection) => connection.name === name)) return server;
  }
  throw new Error(`No server holds ${name}.`);
}

function bare({ user: { jwt, seed } }: Member, { ports }: NatsServer): Promise<NatsConnection> {
  return connect({
    servers: `127.0.0.1:${ports.client}`,
    authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
    tls: { ca, checkServerIdentity: () => undefined } as object,
    reconnect: false,
  });
}

test('agents and gateways of a server that is killed go on with another', async () => {
  const listener = harness.listener({ address: cluster.urls, brokerCaPem: ca });
  closing.push(() => listener.close());
  await listener.listen(async () => ({ message: async () => undefined, closed: () => undefined }));
  const member = await harness.member('one');
  for (const name of ['fairlead agent one', 'fairlead gateway', 'fairlead agent one']) {
    const connection = await streamAtLast(member);
    const server = await serverOf(name);
    await server.down();
    expect(await connection.closed).toMatch(/connection to the NATS server/);
    (await streamAtLast(member)).close();
    await server.up();
  }
});

test('who is revoked is refused by every server, also by one that was down then', async () => {
  const revoker = await openRevoker(join(harness.folder, 'nats'), { address: cluster.urls, caPem: ca });
  const [gone, stays] = [await harness.member('gone'), await harness.member('stays')];
  const [first, second, third] = cluster.servers as [NatsServer, NatsServer, NatsServer];
  const [cut, alive] = [await bare(gone, first), await bare(stays, second)];
  await third.down();
  await revoker?.revoke([{ userKey: gone.user.publicKey, issuedAtS: Math.floor(Date.now() / 1000) }]);
  await cut.closed();
  for (const server of [first, second]) await expect(bare(gone, server)).rejects.toThrow(/Authorization/i);
  await third.up();
  await until(
    () =>
      bare(gone, third).then(
        (connection) => connection.close().then(() => false),
        (error: unknown) => /Authorization/i.test(String(error)),
      ),
    { what: 'the server that was down to refuse it', timeoutMs: 60_000, pollMs: 200 },
  );
  await alive.flush();
  await alive.close();
});
