import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterName } from '@fairlead/core/model';
import { makeCsr, newAgentKey, openKeys } from '@fairlead/adapters/pki';
import { systemClock } from '@fairlead/ports/clock';
import type { HubConnection } from '@fairlead/ports/transport';
import { expect, test } from 'vitest';
import { grpcLink } from './link.ts';
import { grpcListener } from './listener.ts';

/** Agents that come at once. */
const crowd = 1000;
/** Names among them; what a certificate costs to make is not the matter here. */
const names = 10;

test('a thousand agents that come at once all get in, and no more are being accepted than may', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-crowd-'));
  const keys = await openKeys(folder, { names: ['127.0.0.1'], now: Date.now });
  const listener = grpcListener({
    host: '127.0.0.1',
    port: 0,
    caPem: keys.caPem,
    ticketSecret: keys.ticketSecret,
    server: () => keys.server(),
    clock: systemClock,
    onError: () => undefined,
  });
  const counts = { accepting: 0, most: 0, heard: 0, open: 0 };
  const { address } = await listener.listen(async () => {
    counts.accepting += 1;
    counts.most = Math.max(counts.most, counts.accepting);
    await new Promise((resolve) => void setImmediate(resolve));
    counts.accepting -= 1;
    counts.open += 1;
    return { message: async () => void (counts.heard += 1), closed: () => void (counts.open -= 1) };
  });
  const key = await newAgentKey();
  const identities = await Promise.all(
    Array.from({ length: names }, async (_, at) => {
      const name = `shop-${at}` as ClusterName;
      const { certificatePem } = await keys.issueClient(await makeCsr(key, name), name);
      return { keyPem: key.privatePem, certificatePem };
    }),
  );
  const statusDigest = `sha256:${'ab'.repeat(32)}` as never;
  const join1 = async (at: number): Promise<HubConnection> => {
    const identity = () => identities[at % names] as (typeof identities)[number];
    const link = grpcLink({ address, caPem: keys.caPem, identity });
    // A machine under load may let the attempt run out; an agent tries again.
    for (;;) {
      const connection = await link.connect(async () => undefined, new AbortController().signal).catch(() => undefined);
      if (connection) return connection;
    }
  };
  const connections = await Promise.all(Array.from({ length: crowd }, (_, at) => join1(at)));
  await Promise.all(connections.map((one) => one.send({ type: 'Heartbeat', session: 1, statusDigest })));
  await expect.poll(() => counts.heard).toBe(crowd);
  expect(counts.open).toBe(crowd);
  expect(counts.most).toBeLessThanOrEqual(256);
  for (const connection of connections) connection.close();
  await listener.close();
  expect(counts.open).toBe(0);
  await rm(folder, { recursive: true });
}, 180_000);
