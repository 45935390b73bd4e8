import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterName } from '@fairlead/core/model';
import { makeCsr, newAgentKey, openKeys, type HubKeys } from '@fairlead/adapters/pki';
import { systemClock } from '@fairlead/ports/clock';
import { transportContract } from '@fairlead/ports/contracts/transport';
import type { NatsAuthority } from '@fairlead/ports/keys';
import { startNatsServer, type NatsServer } from '@fairlead/testkit/nats';
import { afterAll, beforeAll } from 'vitest';
import { natsLink, natsListener, newNatsUser, openAgentsAccount, setUpBroker, type BrokerSetup } from './index.ts';

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

transportContract('TLS through a NATS broker', {
  async open() {
    const listener = natsListener({
      address: server.url,
      credentials: () => readFile(setup.credentials.gateways, 'utf8'),
      caPem: keys.caPem,
      server: () => keys.server(),
      clock: systemClock,
      onError: () => undefined,
    });
    return {
      listener,
      async link(name) {
        const cluster = name as ClusterName;
        const key = await newAgentKey();
        const { certificatePem, notAfterMs } = await keys.issueClient(await makeCsr(key, cluster), cluster);
        const { seed, publicKey } = await newNatsUser();
        const jwt = await account.userJwt({ cluster, userKey: publicKey, notAfterMs });
        return {
          caller: { cluster, key: key.digest },
          link: natsLink({
            cluster,
            address: server.url,
            user: () => ({ jwt, seed }),
            caPem: keys.caPem,
            identity: () => ({ keyPem: key.privatePem, certificatePem }),
          }),
        };
      },
      close: () => listener.close(),
    };
  },
});
