import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterName } from '@fairlead/core/model';
import { makeCsr, newAgentKey, openKeys, type HubKeys } from '@fairlead/adapters/pki';
import { systemClock } from '@fairlead/ports/clock';
import { transportContract } from '@fairlead/ports/contracts/transport';
import { afterAll, beforeAll } from 'vitest';
import { grpcLink } from './link.ts';
import { grpcListener } from './listener.ts';

const ticketSecret = randomBytes(32);
let folder: string;
let keys: HubKeys;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-grpc-'));
  keys = await openKeys(folder, { names: ['127.0.0.1'], now: Date.now });
});
afterAll(() => rm(folder, { recursive: true }));

transportContract('gRPC over mutual TLS', {
  async open() {
    const inner = grpcListener({
      host: '127.0.0.1',
      port: 0,
      caPem: keys.caPem,
      ticketSecret,
      server: () => keys.server(),
      clock: systemClock,
      onError: () => undefined,
    });
    let address = '';
    let closed: Promise<void> | undefined;
    const listener = {
      async listen(accept: Parameters<typeof inner.listen>[0]) {
        ({ address } = await inner.listen(accept));
        return { address };
      },
      close: () => (closed ??= inner.close()),
    };
    return {
      listener,
      async link(name) {
        const cluster = name as ClusterName;
        const key = await newAgentKey();
        const { certificatePem } = await keys.issueClient(await makeCsr(key, cluster), cluster);
        const identity = { keyPem: key.privatePem, certificatePem };
        return {
          caller: { cluster, key: key.digest },
          link: grpcLink({ address, caPem: keys.caPem, identity: () => identity }),
        };
      },
      close: () => listener.close(),
    };
  },
});
