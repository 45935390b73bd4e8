import { join } from 'node:path';
import type { HubMessage } from '@fairlead/core/model';
import { openKeys } from '@fairlead/adapters/pki';
import { manualClock } from '@fairlead/ports/clock';
import type { AgentChannel, AgentListener } from '@fairlead/ports/transport';
import { natsCodec } from '@fairlead/wire';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startHarness, type Harness } from './broker.harness.ts';
import type { NatsListenerOptions } from './listener.ts';
import { subjects } from './subjects.ts';

const never = new AbortController().signal;
const quiet = async (): Promise<void> => undefined;
let harness: Harness;
let listener: AgentListener | undefined;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.stop());
afterEach(async () => {
  await listener?.close();
  listener = undefined;
});

/** Starts a gateway; tells who came in. */
async function hub(options: Partial<NatsListenerOptions> = {}): Promise<AgentChannel[]> {
  const taken: AgentChannel[] = [];
  listener = harness.listener(options);
  await listener.listen(async (channel) => {
    taken.push(channel);
    return { message: quiet, closed: () => undefined };
  });
  return taken;
}

const refusal = { code: 'Unauthenticated', reason: 'CredentialsMissing' };

test('a certificate of another authority is refused, whatever the broker lets in', async () => {
  const taken = await hub();
  const foreign = await openKeys(join(harness.folder, 'foreign'), { names: ['127.0.0.1'], now: Date.now });
  const stranger = await harness.member('one', { keys: foreign });
  await expect(harness.link(stranger).connect(quiet, never)).rejects.toMatchObject(refusal);
  expect(taken).toEqual([]);
});

test('a NATS user that leaked is not a member: the key of the certificate counts, and the cluster of both', async () => {
  const taken = await hub();
  const one = await harness.member('one');
  const two = await harness.member('two');
  const thief = { ...one, identity: two.identity };
  await expect(harness.link(thief).connect(quiet, never)).rejects.toMatchObject({
    ...refusal,
    message: expect.stringContaining('its certificate is of two, and its NATS user of one') as string,
  });
  expect(taken).toEqual([]);
});

test('the certificate of the hub itself is no cluster', async () => {
  const taken = await hub();
  const poser = { ...(await harness.member('one')), identity: await harness.keys.server() };
  await expect(harness.link(poser).connect(quiet, never)).rejects.toMatchObject(refusal);
  expect(taken).toEqual([]);
});

test('an agent trusts no hub of another authority, and tells it nothing', async () => {
  const taken = await hub();
  const foreign = await openKeys(join(harness.folder, 'foreign'), { names: ['127.0.0.1'], now: Date.now });
  const attempt = harness.link(await harness.member('one'), { caPem: foreign.caPem }).connect(quiet, never);
  await expect(attempt).rejects.toMatchObject({ code: 'Unavailable', reason: 'HubUnreachable' });
  expect(taken).toEqual([]);
});

test('by the clock of the hub an ended certificate begins no stream', async () => {
  const taken = await hub({ clock: manualClock(Date.now() + 86_402_000) });
  const attempt = harness.link(await harness.member('one')).connect(quiet, never);
  await expect(attempt).rejects.toMatchObject(refusal);
  expect(taken).toEqual([]);
});

test('a stream ends when the certificate that began it does', async () => {
  const clock = manualClock(Date.now());
  await hub({ clock, limits: { idleMs: 90_000_000 } });
  const connection = await harness.link(await harness.member('one')).connect(quiet, never);
  clock.advance(86_402_000);
  expect(await connection.closed).toContain('The certificate of one has ended');
});

test('without a gateway an agent hears so at once', async () => {
  const attempt = harness.link(await harness.member('one')).connect(quiet, never);
  await expect(attempt).rejects.toMatchObject({
    code: 'Unavailable',
    message: expect.stringContaining('no gateway of the hub listens') as string,
  });
});

test('a user that the broker does not let in is told so, and the seed is in no error', async () => {
  const member = await harness.member('one');
  const other = await harness.member('one');
  const mixed = { ...member, user: { ...member.user, seed: other.user.seed } };
  const error = await harness
    .link(mixed)
    .connect(quiet, never)
    .then(() => undefined)
    .catch((thrown: unknown) => thrown as Error);
  expect(error).toMatchObject({ code: 'Unavailable', message: expect.stringMatching(/Authorization/i) as string });
  expect(`${JSON.stringify(error)} ${error?.stack}`).not.toContain(other.user.seed);
});

test('what fails inside is told to the hub and not to the agent', async () => {
  const errors: unknown[] = [];
  listener = harness.listener({ onError: (error) => errors.push(error) });
  await listener.listen(async () => {
    throw new Error('the password is hunter2');
  });
  await expect(harness.link(await harness.member('one')).connect(quiet, never)).rejects.toMatchObject({
    code: 'Internal',
    message: expect.not.stringContaining('hunter2') as string,
  });
  expect(errors).toMatchObject([{ message: 'the password is hunter2' }]);
});

test('a broker sees who speaks to whom, and no word of it', async () => {
  const [secret, reason] = ['a password in a Secret', 'The cluster left the fleet.'];
  const spy = await harness.spy();
  const seen: Uint8Array[] = [];
  spy.subscribe('>', { callback: (_, message) => void seen.push(message.data) });
  await spy.flush();
  const taken = await hub();
  const heard = Promise.withResolvers<HubMessage>();
  const link = harness.link(await harness.member('one'));
  const connection = await link.connect(async (message) => heard.resolve(message), never);
  const data = new TextEncoder().encode(secret);
  await taken[0]?.send({ type: 'Objects', blobs: [{ digest: digest('ab'), part: 0, parts: 1, data }], missing: [] });
  expect(await heard.promise).toMatchObject({ type: 'Objects' });
  taken[0]?.close(reason);
  expect(await connection.closed).toBe(reason);
  await spy.flush();
  const all = Buffer.concat(seen).toString('latin1');
  expect(seen.length).toBeGreaterThan(5);
  for (const word of [secret, reason, 'spiffe']) expect(all.includes(word) && word).toBeFalsy();
  await spy.close();
});

test('a frame that somebody at the broker puts in ends the stream, and is heard by nobody', async () => {
  const taken = await hub();
  const heard: HubMessage[] = [];
  const spy = await harness.spy();
  const down = Promise.withResolvers<string>();
  spy.subscribe(subjects.down('*', '*'), { callback: (_, { subject }) => down.resolve(subject) });
  await spy.flush();
  const link = harness.link(await harness.member('one'));
  const connection = await link.connect(async (message) => void heard.push(message), never);
  const forged = natsCodec.writeFrame({ sequence: 1, type: 'Data', data: new Uint8Array(100) });
  spy.publish(await down.promise, forged);
  expect(await connection.closed).toBe('A frame was lost on the way.');
  expect(heard).toEqual([]);
  expect(taken).toHaveLength(1);
  await spy.close();
});

function digest(byte: string): never {
  return `sha256:${byte.repeat(32)}` as never;
}
