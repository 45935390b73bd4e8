import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterName } from '@fairlead/core/model';
import { makeCsr, newAgentKey, openKeys, type HubKeys } from '@fairlead/adapters/pki';
import { manualClock, systemClock, type Clock } from '@fairlead/ports/clock';
import { transportContract, type TransportUnderTest } from '@fairlead/ports/contracts/transport';
import type { NatsAuthority } from '@fairlead/ports/keys';
import { startLine } from '@fairlead/testkit/line';
import { startNatsServer, type NatsServer } from '@fairlead/testkit/nats';
import { afterAll, beforeAll } from 'vitest';
import { natsLink, natsListener, natsUser, openAgentsAccount, setUpBroker, type BrokerSetup } from './index.ts';

let folder: string;
let keys: HubKeys;
let setup: BrokerSetup;
let account: NatsAuthority;
let server: NatsServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-nats-'));
  keys = await openKeys(join(folder, 'keys'), { names: ['127.0.0.1'], now: Date.now });
  setup = await setUpBroker(join(folder, 'nats'));
  account = await openAgentsAccount(join(folder, 'nats'));
  server = await startNatsServer({ jetStream: false, config: setup.serverConfig });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

/** Both ends, of which agents reach the broker at `address`. */
function transport(address: () => string, clock: Clock): TransportUnderTest {
  const listener = natsListener({
    address: server.url,
    credentials: () => readFile(setup.credentials.gateways, 'utf8'),
    caPem: keys.caPem,
    server: () => keys.server(),
    clock,
    onError: () => undefined,
  });
  return {
    listener,
    async link(name) {
      const cluster = name as ClusterName;
      const key = await newAgentKey();
      const { certificatePem, notAfterMs } = await keys.issueClient(await makeCsr(key, cluster), cluster);
      const { seed, publicKey } = await natsUser();
      const jwt = await account.userJwt({ cluster, userKey: publicKey, notAfterMs });
      const link = natsLink({
        cluster,
        address: address(),
        user: () => ({ jwt, seed }),
        caPem: keys.caPem,
        identity: () => ({ keyPem: key.privatePem, certificatePem }),
        clock,
      });
      return { caller: { cluster, key: key.digest }, link };
    },
    close: () => listener.close(),
  };
}

transportContract('TLS through a NATS broker', {
  open: async () => transport(() => server.url, systemClock),
  wire: {
    foundWithinMs: 320_000,
    async open() {
      const clock = manualClock(Date.now());
      const line = await startLine(server.ports.client);
      const ends = transport(() => `nats://127.0.0.1:${line.port}`, clock);
      return {
        ...ends,
        clock,
        cut: () => line.goDark(),
        async close() {
          await line.close();
          await ends.close();
        },
      };
    },
  },
});
