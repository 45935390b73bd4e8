import { once } from 'node:events';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { FairleadError, hubServerName, type ClusterName } from '@fairlead/core/model';
import { makeCsr, newAgentKey, openKeys, type AgentKey, type HubKeys } from '@fairlead/adapters/pki';
import { manualClock, systemClock, type Clock } from '@fairlead/ports/clock';
import type { AgentListener, Caller, TlsIdentity } from '@fairlead/ports/transport';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { grpcLink } from './link.ts';
import { grpcListener } from './listener.ts';
import { tlsSessions } from './sessions.ts';
import { ticketKeyMs, ticketKeys } from './tickets.ts';

const shop = 'shop-0042' as ClusterName;
const never = new AbortController().signal;
const quiet = async (): Promise<void> => undefined;
let folder: string;
let keys: HubKeys;
let listeners: AgentListener[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-resume-'));
  keys = await openKeys(join(folder, 'keys'), { names: ['127.0.0.1'], now: Date.now });
  return () => rm(folder, { recursive: true });
});
beforeEach(() => {
  listeners = [];
});
afterEach(() => Promise.all(listeners.map((listener) => listener.close())));

interface HubOptions {
  readonly clock?: Clock;
  readonly ticketSecret?: Uint8Array;
  readonly authority?: HubKeys;
  readonly refuse?: () => FairleadError | undefined;
}

/** Starts a hub's end, as one process or instance of several. */
async function hub(options: HubOptions = {}): Promise<{ address: string; callers: Caller[] }> {
  const { clock = systemClock, ticketSecret = keys.ticketSecret, authority = keys } = options;
  const callers: Caller[] = [];
  const listener = grpcListener({
    host: '127.0.0.1',
    port: 0,
    caPem: authority.caPem,
    ticketSecret,
    server: () => authority.server(),
    clock,
    onError: () => undefined,
  });
  listeners.push(listener);
  const { address } = await listener.listen(async (channel) => {
    const refusal = options.refuse?.();
    if (refusal) throw refusal;
    callers.push(channel.caller);
    return { message: async () => undefined, closed: () => undefined };
  });
  return { address, callers };
}

async function certified(key: AgentKey, authority = keys): Promise<TlsIdentity> {
  const { certificatePem } = await authority.issueClient(await makeCsr(key, shop), shop);
  return { keyPem: key.privatePem, certificatePem };
}

/** Shakes hands; tells whether the session was a resumed one, and gives the ticket, which comes only if it was not. */
async function shake(address: string, { identity, session }: { identity: TlsIdentity; session?: Buffer }) {
  const socket = connect({
    host: '127.0.0.1',
    port: Number(address.split(':')[1]),
    ca: keys.caPem,
    key: identity.keyPem,
    cert: identity.certificatePem,
    servername: hubServerName,
    ALPNProtocols: ['h2'],
    ...(session && { session }),
  });
  try {
    const given = once(socket, 'session').then(([ticket]) => ticket as Buffer);
    given.catch(() => undefined);
    await once(socket, 'secureConnect');
    const resumed = socket.isSessionReused();
    return { resumed, ticket: resumed ? Buffer.alloc(0) : await given };
  } finally {
    socket.destroy();
  }
}

/** Bytes that each connection of the hub wrote, in the order of coming: a resumed one sends no certificate. */
function counted(): { readonly written: () => number[]; stop(): void } {
  const sockets: Socket[] = [];
  const hear = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
  subscribe('net.server.socket', hear);
  return {
    written: () => sockets.map((socket) => socket.bytesWritten),
    stop: () => void unsubscribe('net.server.socket', hear),
  };
}

describe('the hub', () => {
  test('resumes a session, and so does one that was started anew or runs beside it with the same secret', async () => {
    const identity = await certified(await newAgentKey());
    const first = await hub();
    const { resumed, ticket } = await shake(first.address, { identity });
    expect(resumed).toBe(false);
    expect((await shake(first.address, { identity, session: ticket })).resumed).toBe(true);
    const second = await hub();
    expect((await shake(second.address, { identity, session: ticket })).resumed).toBe(true);
  });

  test('of another secret answers a ticket with a full handshake', async () => {
    const identity = await certified(await newAgentKey());
    const { ticket } = await shake((await hub()).address, { identity });
    const other = await hub({ ticketSecret: randomBytes(32) });
    expect((await shake(other.address, { identity, session: ticket })).resumed).toBe(false);
  });

  test('seals with other keys from the next week on, without a restart', async () => {
    const clock = manualClock(Date.now());
    const identity = await certified(await newAgentKey());
    const { address } = await hub({ clock });
    const { ticket } = await shake(address, { identity });
    clock.advance(ticketKeyMs - (clock.now() % ticketKeyMs));
    const isOld = async () => !(await shake(address, { identity, session: ticket })).resumed;
    await expect.poll(isOld).toBe(true);
  });
});

test('keys of tickets follow from secret, authority and week alone', () => {
  const secret = randomBytes(32);
  const of = (nowMs: number, caPem = 'one') => ticketKeys({ secret, caPem }, nowMs).toString('hex');
  expect(of(0)).toHaveLength(96);
  expect(of(ticketKeyMs - 1)).toBe(of(0));
  expect(new Set([of(0), of(ticketKeyMs), of(0, 'two')]).size).toBe(3);
  expect(ticketKeys({ secret: randomBytes(32), caPem: 'one' }, 0).toString('hex')).not.toBe(of(0));
});

describe('an agent', () => {
  test('offers its last session, also where each attempt has a link of its own', async () => {
    const { address, callers } = await hub();
    const identity = await certified(await newAgentKey());
    const sessions = tlsSessions();
    const bytes = counted();
    for (let turn = 0; turn < 2; turn += 1) {
      const link = grpcLink({ address, caPem: keys.caPem, identity: () => identity, sessions });
      const connection = await link.connect(quiet, never);
      connection.close();
    }
    const [full = 0, resumed = 0] = bytes.written();
    bytes.stop();
    expect(callers[1]).toEqual(callers[0]);
    expect(resumed).toBeLessThan(full - 500);
  });

  test('with a renewed certificate is who the new one names', async () => {
    const { address, callers } = await hub();
    const [first, second] = [await newAgentKey(), await newAgentKey()];
    const identities = [await certified(first), await certified(second)];
    const link = grpcLink({ address, caPem: keys.caPem, identity: () => identities.shift() as TlsIdentity });
    (await link.connect(quiet, never)).close();
    (await link.connect(quiet, never)).close();
    expect(callers.map(({ key }) => key)).toEqual([first.digest, second.digest]);
  });

  test('that resumes is refused once the certificate that began the session has ended', async () => {
    const clock = manualClock(Date.now());
    const { address, callers } = await hub({ clock });
    const identity = await certified(await newAgentKey());
    const link = grpcLink({ address, caPem: keys.caPem, identity: () => identity });
    const bytes = counted();
    (await link.connect(quiet, never)).close();
    clock.advance(86_402_000);
    await expect(link.connect(quiet, never)).rejects.toMatchObject({
      code: 'Unauthenticated',
      reason: 'CredentialsMissing',
    });
    const [full = 0, resumed = 0] = bytes.written();
    bytes.stop();
    expect(resumed).toBeLessThan(full - 500);
    expect(callers).toHaveLength(1);
  });

  test('that resumes after it left the fleet is refused: the ledger is asked at each stream', async () => {
    const state: { refusal?: FairleadError } = {};
    const { address, callers } = await hub({ refuse: () => state.refusal });
    const identity = await certified(await newAgentKey());
    const link = grpcLink({ address, caPem: keys.caPem, identity: () => identity });
    (await link.connect(quiet, never)).close();
    state.refusal = new FairleadError('Cannot take the stream: the ledger names no such cluster.', {
      code: 'PermissionDenied',
      reason: 'NotAMember',
    });
    await expect(link.connect(quiet, never)).rejects.toMatchObject({ reason: 'NotAMember' });
    expect(callers).toHaveLength(1);
  });

  test('of another authority resumes nothing, even if both hubs share a secret', async () => {
    const other = await openKeys(join(folder, 'other'), { names: ['127.0.0.1'], now: Date.now });
    const { address } = await hub({ authority: other, ticketSecret: keys.ticketSecret });
    const identity = await certified(await newAgentKey());
    const { ticket } = await shake((await hub()).address, { identity });
    await expect(shake(address, { identity, session: ticket })).rejects.toThrow();
  });
});

test('a hub closes although somebody holds a connection and says nothing', async () => {
  const { address } = await hub();
  const identity = await certified(await newAgentKey());
  const silent = connectTcp(Number(address.split(':')[1]), '127.0.0.1');
  silent.on('error', () => undefined);
  await once(silent, 'connect');
  await shake(address, { identity });
  await Promise.all([once(silent, 'close'), ...listeners.map((listener) => listener.close())]);
  expect(silent.destroyed).toBe(true);
});
