import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { ClusterName } from '@fairlead/core/model';
import { makeCsr, newAgentKey, openKeys } from '@fairlead/adapters/pki';
import { manualClock } from '@fairlead/ports/clock';
import { expect, test } from 'vitest';
import { grpcListener } from './listener.ts';

test('a server certificate that was renewed serves new connections without a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-rotate-'));
  const keys = await openKeys(folder, { names: ['127.0.0.1'], now: Date.now });
  const first = await keys.server();
  const wider = await openKeys(folder, { names: ['127.0.0.1', 'hub.example.com'], now: Date.now });
  const second = await wider.server();
  const served = [first, second];
  const asked: (() => void)[] = [];
  const clock = manualClock(Date.now());
  const listener = grpcListener({
    host: '127.0.0.1',
    port: 0,
    caPem: keys.caPem,
    ticketSecret: randomBytes(32),
    async server() {
      for (const resolve of asked) resolve();
      return served.shift() ?? second;
    },
    clock,
    onError: () => undefined,
  });
  const { address } = await listener.listen(async () => ({ message: async () => undefined, closed: () => undefined }));
  const key = await newAgentKey();
  const { certificatePem } = await keys.issueClient(await makeCsr(key, 'one' as ClusterName), 'one' as ClusterName);
  const shown = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port: Number(address.split(':')[1]),
        ca: keys.caPem,
        key: key.privatePem,
        cert: certificatePem,
        servername: 'fairlead-hub',
        ALPNProtocols: ['h2'],
      });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
        socket.destroy();
      });
    });
  expect(await shown()).toBe(new X509Certificate(first.certificatePem).fingerprint256);
  const again = new Promise<void>((resolve) => void asked.push(resolve));
  clock.advance(43_200_000);
  await again;
  await Promise.resolve();
  expect(await shown()).toBe(new X509Certificate(second.certificatePem).fingerprint256);
  await listener.close();
  await rm(folder, { recursive: true });
});
