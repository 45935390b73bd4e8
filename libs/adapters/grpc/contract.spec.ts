import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterName } from '@fairlead/core/model';
import { makeCsr, newAgentKey, openKeys, type HubKeys } from '@fairlead/adapters/pki';
import { manualClock, systemClock, type Clock } from '@fairlead/ports/clock';
import { transportContract, type TransportUnderTest } from '@fairlead/ports/contracts/transport';
import type { HubLink } from '@fairlead/ports/transport';
import { afterAll, beforeAll } from 'vitest';
import { grpcLink, type GrpcLinkOptions } from './link.ts';
import { grpcListener } from './listener.ts';
import { plainLink } from './plainLink.harness.ts';

let folder: string;
let keys: HubKeys;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-grpc-'));
  keys = await openKeys(folder, { names: ['127.0.0.1'], now: Date.now });
});
afterAll(() => rm(folder, { recursive: true }));

/** A listener on loopback, and links that `dial` makes; `through` may put something between them. */
function transportOf(options: {
  readonly dial: (link: GrpcLinkOptions) => HubLink;
  readonly clock: Clock;
  readonly through?: (address: string) => Promise<string>;
}): TransportUnderTest {
  const { clock, dial, through = async (address) => address } = options;
  const inner = grpcListener({
    host: '127.0.0.1',
    port: 0,
    caPem: keys.caPem,
    ticketSecret: keys.ticketSecret,
    server: () => keys.server(),
    clock,
    onError: () => undefined,
  });
  let address = '';
  let closed: Promise<void> | undefined;
  const listener = {
    async listen(accept: Parameters<typeof inner.listen>[0]) {
      address = await through((await inner.listen(accept)).address);
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
      const link = dial({ address, caPem: keys.caPem, identity: () => identity, clock });
      return { caller: { cluster, key: key.digest }, link };
    },
    close: () => listener.close(),
  };
}

/** A wire that can be cut: what is written into it from then on goes nowhere, and neither end hears of it. */
function cuttable() {
  const sockets = new Set<Socket>();
  let isCut = false;
  let target = 0;
  const proxy = createServer((socket) => {
    const onward = connect(target, '127.0.0.1');
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('data', (bytes) => !isCut && other.write(bytes));
      one.on('close', () => !isCut && other.destroy());
    }
  });
  return {
    async through(address: string): Promise<string> {
      target = Number(address.split(':')[1]);
      proxy.listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      return `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    },
    cut: () => void (isCut = true),
    close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  };
}

transportContract('gRPC over mutual TLS', {
  open: async () => transportOf({ dial: grpcLink, clock: systemClock }),
  wire: {
    foundWithinMs: 150_000,
    async open() {
      const clock = manualClock(Date.now());
      const { through, cut, close } = cuttable();
      const transport = transportOf({ dial: grpcLink, clock, through });
      return {
        ...transport,
        clock,
        cut,
        async close() {
          close();
          await transport.close();
        },
      };
    },
  },
});

transportContract('gRPC, to a client of @grpc/grpc-js', {
  open: async () => transportOf({ dial: plainLink, clock: systemClock }),
});
