import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { ClusterName } from '@fairlead/core/model';
import { makeCsr, newAgentKey, openKeys, type HubKeys } from '@fairlead/adapters/pki';
import { manualClock, type ManualClock } from '@fairlead/ports/clock';
import type { AgentListener } from '@fairlead/ports/transport';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { bind, doorTo, networkOf } from './door.ts';
import { grpcLink } from './link.ts';
import { grpcListener } from './listener.ts';

const shop = 'shop-0042' as ClusterName;
let folder: string;
let keys: HubKeys;
let listener: AgentListener;
let address: string;
let came: number;
let clock: ManualClock;
const sockets: Socket[] = [];
/** Of a ClientHello, whose rest never comes. */
const firstByte = Buffer.of(22);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-door-'));
  keys = await openKeys(folder, { names: ['127.0.0.1'], now: Date.now });
  return () => rm(folder, { recursive: true });
});
beforeEach(async () => {
  // It stands still unless it is told: no place that is lent goes to the next one by itself.
  clock = manualClock(Date.now());
  came = 0;
  listener = grpcListener({
    host: '127.0.0.1',
    port: 0,
    caPem: keys.caPem,
    ticketSecret: keys.ticketSecret,
    server: () => keys.server(),
    clock,
    onError: () => undefined,
  });
  ({ address } = await listener.listen(async () => {
    came += 1;
    return { message: async () => undefined, closed: () => undefined };
  }));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener.close();
});

/** Connections from one address; loopback has sixteen million of them. */
async function strangers(count: number, to: { from: string; say?: Buffer; port?: number }): Promise<void> {
  const { from, say, port = Number(address.split(':')[1]) } = to;
  const coming = Array.from({ length: count }, async () => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    if (say) await new Promise((resolve) => socket.write(say, resolve));
  });
  await Promise.all(coming);
}

async function agentComesIn(): Promise<void> {
  const key = await newAgentKey();
  const { certificatePem } = await keys.issueClient(await makeCsr(key, shop), shop);
  const identity = { keyPem: key.privatePem, certificatePem };
  const link = grpcLink({ address, caPem: keys.caPem, identity: () => identity });
  const connection = await link.connect(async () => undefined, new AbortController().signal);
  connection.close();
}

test('connections that say nothing take no place, whatever address they come from', async () => {
  await strangers(500, { from: '127.0.0.1' });
  await agentComesIn();
  expect(came).toBe(1);
});

test('an agent comes in though another one hangs up in the middle of its handshake, again and again', async () => {
  for (let round = 0; round < 3; round += 1) {
    await strangers(40, { from: '127.0.0.1', say: firstByte });
    for (const socket of sockets.splice(0)) socket.destroy();
    // Enough for the rate of handshakes, not for a place to be given to the next one.
    clock.advance(200);
    await agentComesIn();
    expect(came).toBe(round + 1);
  }
});

test('those who dawdle in all places and fill the queue hold up another address by no more than one place is lent', async () => {
  const entered: (string | undefined)[] = [];
  const secure = createSecureServer({}).removeAllListeners('connection');
  secure.on('connection', ({ remoteAddress }: Socket) => entered.push(remoteAddress));
  const door = doorTo(secure, clock);
  const port = await bind(door.server, { host: '127.0.0.1', port: 0 });
  await strangers(300, { from: '127.0.0.2', say: firstByte, port });
  await expect.poll(() => entered.length).toBe(64);
  await strangers(1, { from: '127.0.0.3', say: firstByte, port });
  const here = () => new Promise((resolve) => door.server.getConnections((_, count) => resolve(count)));
  await expect.poll(here).toBe(301);
  // What it said lies in the kernel: it is read within the next turns of the loop.
  for (let turns = 0; turns < 5; turns += 1) await turn();
  expect(new Set(entered)).toEqual(new Set(['127.0.0.2']));
  clock.advance(2_000);
  expect(entered).toContain('127.0.0.3');
  const closed = door.close();
  door.cutOff();
  await closed;
});

test('who says more than a first word before it is answered is cut off', async () => {
  await strangers(1, { from: '127.0.0.1', say: Buffer.alloc(65_536) });
  const [socket] = sockets as [Socket];
  await once(socket, 'close');
  expect(socket.destroyed).toBe(true);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8::7', '2001:db8:0:0'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('%s belongs to %s', (text, network) => {
  expect(networkOf(text)).toBe(network);
});
