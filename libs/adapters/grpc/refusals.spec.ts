import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChannelCredentials, Client, type ServiceError } from '@grpc/grpc-js';
import type { ClusterName } from '@fairlead/core/model';
import { makeCsr, newAgentKey, openKeys, type HubKeys } from '@fairlead/adapters/pki';
import { manualClock, systemClock, type Clock } from '@fairlead/ports/clock';
import type { AgentListener, Caller, TlsIdentity } from '@fairlead/ports/transport';
import { connectPath, limits } from '@fairlead/wire';
import { createSecureContext } from 'node:tls';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { grpcLink } from './link.ts';
import { grpcListener } from './listener.ts';

const shop = 'shop-0042' as ClusterName;
const never = new AbortController().signal;
const quiet = async (): Promise<void> => undefined;
const ticketSecret = randomBytes(32);
let folder: string;
let keys: HubKeys;
let listener: AgentListener | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-grpc-'));
  keys = await openKeys(join(folder, 'keys'), { names: ['127.0.0.1'], now: Date.now });
  return () => rm(folder, { recursive: true });
});
beforeEach(() => {
  listener = undefined;
});
afterEach(() => listener?.close());

/** Starts a hub's end; tells who came in and what was said. */
async function hub(clock: Clock = systemClock): Promise<{ address: string; callers: Caller[]; said: string[] }> {
  const callers: Caller[] = [];
  const said: string[] = [];
  listener = grpcListener({
    host: '127.0.0.1',
    port: 0,
    caPem: keys.caPem,
    ticketSecret,
    server: () => keys.server(),
    clock,
    onError: () => undefined,
  });
  const { address } = await listener.listen(async (channel) => {
    callers.push(channel.caller);
    return { message: async ({ type }) => void said.push(type), closed: () => undefined };
  });
  return { address, callers, said };
}

async function identityFrom(authority: HubKeys): Promise<TlsIdentity> {
  const key = await newAgentKey();
  const { certificatePem } = await authority.issueClient(await makeCsr(key, shop), shop);
  return { keyPem: key.privatePem, certificatePem };
}

function link(address: string, identity: TlsIdentity, caPem = keys.caPem) {
  return grpcLink({ address, caPem, identity: () => identity });
}

test('a certificate of another authority is refused', async () => {
  const { address, callers } = await hub();
  const foreign = await openKeys(join(folder, 'foreign'), { names: ['127.0.0.1'], now: Date.now });
  const identity = await identityFrom(foreign);
  await expect(link(address, identity).connect(quiet, never)).rejects.toMatchObject({ reason: 'HubUnreachable' });
  expect(callers).toEqual([]);
});

test('an agent trusts no hub of another authority', async () => {
  const { address, callers } = await hub();
  const foreign = await openKeys(join(folder, 'foreign'), { names: ['127.0.0.1'], now: Date.now });
  const attempt = link(address, await identityFrom(keys), foreign.caPem).connect(quiet, never);
  await expect(attempt).rejects.toMatchObject({ code: 'Unavailable', reason: 'HubUnreachable' });
  expect(callers).toEqual([]);
});

test('the hub does not serve a server certificate that poses as a cluster', async () => {
  const { address, callers } = await hub();
  await expect(link(address, await keys.server()).connect(quiet, never)).rejects.toMatchObject({ code: 'Unavailable' });
  expect(callers).toEqual([]);
});

test('a call without a certificate is refused', async () => {
  const { address, callers } = await hub();
  const code = await rawCall(address, { identity: undefined, bytes: Buffer.alloc(0) });
  expect(code).toMatch(/UNAVAILABLE/);
  expect(callers).toEqual([]);
});

test('an expired certificate is refused', async () => {
  const yesterday = await openKeys(join(folder, 'keys'), {
    names: ['127.0.0.1'],
    now: () => Date.now() - 90_000_000,
  });
  const { address, callers } = await hub();
  const attempt = link(address, await identityFrom(yesterday)).connect(quiet, never);
  await expect(attempt).rejects.toMatchObject({ code: 'Unavailable' });
  expect(callers).toEqual([]);
});

test('a stream ends when the certificate that began it does', async () => {
  const clock = manualClock(Date.now());
  const { address, callers } = await hub(clock);
  const connection = await link(address, await identityFrom(keys)).connect(quiet, never);
  expect(callers).toHaveLength(1);
  clock.advance(86_402_000);
  expect(await connection.closed).toContain('The certificate of shop-0042 has ended');
});

test('by the clock of the hub an ended certificate begins no stream', async () => {
  const clock = manualClock(Date.now() + 86_402_000);
  const { address, callers } = await hub(clock);
  const attempt = link(address, await identityFrom(keys)).connect(quiet, never);
  await expect(attempt).rejects.toMatchObject({ code: 'Unauthenticated', reason: 'CredentialsMissing' });
  expect(callers).toEqual([]);
});

test('bytes that are no message end the stream with an error that says so', async () => {
  const { address, said } = await hub();
  const identity = await identityFrom(keys);
  expect(await rawCall(address, { identity, bytes: Buffer.from([0xff, 0xff]) })).toContain(
    'INVALID_ARGUMENT: Cannot read message',
  );
  expect(said).toEqual([]);
});

test('a message over the limit ends the stream with an error that says so', async () => {
  const { address, said } = await hub();
  const identity = await identityFrom(keys);
  expect(await rawCall(address, { identity, bytes: Buffer.alloc(limits.messageBytes + 1) })).toContain(
    'RESOURCE_EXHAUSTED',
  );
  expect(said).toEqual([]);
});

/** A call that need not keep to the protocol; the status that ended it. */
async function rawCall(
  address: string,
  { identity, bytes }: { readonly identity: TlsIdentity | undefined; readonly bytes: Buffer },
): Promise<string> {
  const context = createSecureContext({
    ca: keys.caPem,
    ...(identity && { key: identity.keyPem, cert: identity.certificatePem }),
  });
  const client = new Client(address, ChannelCredentials.createFromSecureContext(context), {
    'grpc.ssl_target_name_override': 'fairlead-hub',
    'grpc.max_send_message_length': -1,
  });
  const asIs = (value: Buffer): Buffer => value;
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(connectPath, asIs, asIs);
  const status = await new Promise<string>((resolve) => {
    call.on('error', (error: ServiceError) => resolve(error.message.replace(/^\d+ /, '')));
    call.resume();
    if (bytes.length > 0) call.write(bytes);
  });
  client.close();
  return status;
}

test('what fails inside is told to the hub and not to the agent', async () => {
  const errors: unknown[] = [];
  listener = grpcListener({
    host: '127.0.0.1',
    port: 0,
    caPem: keys.caPem,
    ticketSecret,
    server: () => keys.server(),
    clock: systemClock,
    onError: (error) => errors.push(error),
  });
  const { address } = await listener.listen(async () => {
    throw new Error('the password is hunter2');
  });
  const refused = link(address, await identityFrom(keys)).connect(quiet, never);
  await expect(refused).rejects.toMatchObject({
    code: 'Internal',
    message: expect.not.stringContaining('hunter2') as string,
  });
  expect(errors).toMatchObject([{ message: 'the password is hunter2' }]);
});
