import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manualClock } from '@fairlead/ports/clock';
import type { AgentChannel, AgentListener, HubConnection } from '@fairlead/ports/transport';
import { natsCodec, type FrameBody } from '@fairlead/wire';
import { startLine } from '@fairlead/testkit/line';
import { until } from '@fairlead/testkit/kube';
import { startNatsServer } from '@fairlead/testkit/nats';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startHarness, type Harness, type Member } from './broker.harness.ts';
import type { NatsLinkOptions } from './link.ts';
import type { NatsListenerOptions } from './listener.ts';
import { subjects } from './subjects.ts';

const never = new AbortController().signal;
const quiet = async (): Promise<void> => undefined;
const digest = `sha256:${'ab'.repeat(32)}` as never;
const heartbeat = { type: 'Heartbeat', session: 1, statusDigest: digest } as const;
let harness: Harness;
const listeners: AgentListener[] = [];

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.stop());
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

/** Starts a gateway and gathers what it hears. */
async function gateway(options: Partial<NatsListenerOptions> = {}) {
  const taken: AgentChannel[] = [];
  const heard: string[] = [];
  const over: string[] = [];
  const wakes = new Set<() => void>();
  const told = (): void => {
    for (const wake of wakes) wake();
  };
  const listener = harness.listener(options);
  listeners.push(listener);
  await listener.listen(async (channel) => {
    taken.push(channel);
    told();
    const { cluster } = channel.caller;
    return {
      async message({ type }) {
        heard.push(`${cluster} ${type}`);
        told();
      },
      closed() {
        over.push(cluster);
        told();
      },
    };
  });
  const until = (is: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!is()) return;
        wakes.delete(look);
        resolve();
      };
      wakes.add(look);
      look();
    });
  return { listener, taken, heard, over, until };
}

async function stream(member: Member, options: Partial<NatsLinkOptions> = {}): Promise<HubConnection> {
  return harness.link(member, options).connect(quiet, never);
}

/** Tries as an agent does, until it is taken. */
async function streamAtLast(member: Member): Promise<HubConnection> {
  for (;;) {
    const connection = await stream(member).catch(() => undefined);
    if (connection) return connection;
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

test('gateways share the agents, each stream stays with one, and those of one that stops come to the others', async () => {
  const [one, two] = [await gateway(), await gateway()];
  const members = await Promise.all(Array.from({ length: 16 }, (_, n) => harness.member(`shop-${n}`)));
  const connections = await Promise.all(members.map((member) => stream(member)));
  expect(one.taken.length + two.taken.length).toBe(16);
  expect(Math.min(one.taken.length, two.taken.length)).toBeGreaterThan(0);
  await Promise.all(connections.map((connection) => connection.send(heartbeat)));
  for (const { heard, taken, until } of [one, two]) {
    await until(() => heard.length === taken.length);
    expect(heard.sort()).toEqual(taken.map(({ caller }) => `${caller.cluster} Heartbeat`).sort());
  }
  const moving = one.taken.map(({ caller }) => caller.cluster);
  await one.listener.close();
  const over = connections.filter((_, n) => moving.includes(`shop-${n}` as never));
  for (const connection of over) expect(await connection.closed).toBe('The hub is stopping.');
  await Promise.all(members.filter(({ caller }) => moving.includes(caller.cluster)).map((member) => stream(member)));
  expect(new Set(two.taken.map(({ caller }) => caller.cluster)).size).toBe(16);
});

test('a gateway starts while its broker is away, says so, and takes streams when it is there', async () => {
  await harness.server.down();
  const errors: unknown[] = [];
  const { taken } = await gateway({ onError: (error) => errors.push(error) });
  expect(errors).toMatchObject([{ code: 'Unavailable', message: expect.stringContaining('NATS server') as string }]);
  const member = await harness.member('one');
  await expect(stream(member)).rejects.toMatchObject({ code: 'Unavailable', reason: 'HubUnreachable' });
  await harness.server.up();
  await streamAtLast(member);
  expect(taken).toHaveLength(1);
});

test('a broker that is killed ends every stream at both ends, and both come back to it', async () => {
  const { taken, over, until: told } = await gateway();
  const member = await harness.member('one');
  const connection = await stream(member);
  await harness.server.down();
  expect(await connection.closed).toContain('The connection to the NATS server was lost');
  await told(() => over.length === 1);
  await expect(taken[0]?.send({ type: 'NeedStatus' })).rejects.toMatchObject({ code: 'Unavailable' });
  await harness.server.up();
  await streamAtLast(member);
  await told(() => taken.length === 2);
});

test('agents of a gateway that lost its broker for a moment hear of it, though theirs never went', async () => {
  const { taken } = await gateway();
  const connection = await stream(await harness.member('one'));
  const { connections } = (await harness.server.monitor('/connz')) as { connections: { cid: number; name: string }[] };
  const { cid } = connections.find(({ name }) => name === 'fairlead gateway') ?? { cid: 0 };
  const { server_id: id } = (await harness.server.monitor('/varz')) as { server_id: string };
  const creds = await readFile(harness.setup.credentials.system);
  const system = await connect({ servers: harness.server.url, authenticator: credsAuthenticator(creds) });
  await system.request(`$SYS.REQ.SERVER.${id}.KICK`, JSON.stringify({ cid }));
  expect(await connection.closed).toBe('The gateway lost its connection to the NATS server.');
  expect(taken).toHaveLength(1);
  await system.close();
});

test('an agent that is killed is found out by the next word to it', async () => {
  const { taken } = await gateway();
  const line = await startLine(harness.server.ports.client);
  const connection = await stream(await harness.member('one'), { address: `nats://127.0.0.1:${line.port}` });
  await line.close();
  await connection.closed;
  let sending = taken[0]?.send({ type: 'NeedStatus' });
  // The broker says that nobody listens as soon as it knows.
  for (let words = 1; words < 10_000; words += 1) {
    if ((await sending?.catch((thrown: unknown) => thrown)) instanceof Error) break;
    sending = taken[0]?.send({ type: 'NeedStatus' });
  }
  await expect(sending).rejects.toMatchObject({ code: 'Unavailable', reason: 'ClusterSilent' });
});

test('a broker with a certificate is spoken to over TLS, and one that shows none is not', async () => {
  const { keyPem, certificatePem } = await harness.keys.server();
  const [keyFile, certFile] = [join(harness.folder, 'broker.key'), join(harness.folder, 'broker.pem')];
  await writeFile(keyFile, keyPem);
  await writeFile(certFile, certificatePem);
  const secured = await startHarness({ tls: { keyFile, certFile } });
  try {
    const brokerCaPem = harness.keys.caPem;
    const listener = secured.listener({ brokerCaPem });
    listeners.push(listener);
    await listener.listen(async () => ({ message: quiet, closed: () => undefined }));
    const member = await secured.member('one');
    expect(secured.errors).toEqual([]);
    await secured.link(member, { brokerCaPem }).connect(quiet, never);
    const untrusting = secured.link(member).connect(quiet, never);
    await expect(untrusting).rejects.toMatchObject({ code: 'Unavailable', reason: 'HubUnreachable' });
    const plain = harness.link(member, { address: harness.server.url.replace('nats:', 'tls:') }).connect(quiet, never);
    await expect(plain).rejects.toMatchObject({ code: 'Unavailable', reason: 'HubUnreachable' });
  } finally {
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
    await secured.stop();
  }
});

test('a broker of too small messages is named, with what to change', async () => {
  const small = await startHarness({ config: 'max_payload: 32768' });
  try {
    const attempt = small.link(await small.member('one')).connect(quiet, never);
    await expect(attempt).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('Raise its max_payload') as string,
    });
  } finally {
    await small.stop();
  }
});

test('an agent that floods is cut off at the broker, and the others do not feel it', async () => {
  const { taken, until, heard } = await gateway();
  const flooder = await harness.bare(await harness.member('one'));
  const [up, down] = [subjects.up('one' as never, 'abcd1234'), subjects.down('one' as never, 'abcd1234')];
  const said: FrameBody[] = [];
  const ended = Promise.withResolvers<void>();
  flooder.subscribe(down, {
    callback: (_, { data }) => {
      if (data.length === 0) return ended.resolve();
      const frame = natsCodec.readFrame(data);
      said.push(frame);
      if (frame.type !== 'Grant') return;
      for (let sequence = 2; sequence < 1000; sequence += 1)
        flooder.publish(up, natsCodec.writeFrame({ sequence, type: 'Data', data: new Uint8Array(10_000) }));
      flooder.publish(up, new Uint8Array(1), { reply: down });
    },
  });
  flooder.publish(
    subjects.connect('one' as never),
    natsCodec.writeFrame({ sequence: 1, type: 'Open', stream: 'abcd1234', window: 524_288 }),
  );
  const connection = await stream(await harness.member('two'));
  await connection.send(heartbeat);
  await until(() => heard.includes('two Heartbeat'));
  await until(() => taken.length === 1);
  await flooder.flush();
  flooder.publish(up, new Uint8Array(1), { reply: down });
  await ended.promise;
  expect(said.at(-1)).toEqual(expect.objectContaining({ type: 'End' }));
  await flooder.close();
});

test('a cluster that asks for streams without end is refused, and another one is not', async () => {
  const { taken } = await gateway();
  const flooder = await harness.bare(await harness.member('one'));
  const counts = { Grant: 0, End: 0 };
  const refused = Promise.withResolvers<void>();
  flooder.subscribe(subjects.down('one' as never, '*'), {
    callback: (_, { data }) => {
      if (data.length === 0) return;
      const frame = natsCodec.readFrame(data);
      if (frame.type === 'Grant' || frame.type === 'End') counts[frame.type] += 1;
      if (counts.End >= 480) refused.resolve();
    },
  });
  for (let n = 0; n < 500; n += 1)
    flooder.publish(
      subjects.connect('one' as never),
      natsCodec.writeFrame({ sequence: 1, type: 'Open', stream: `stream${n + 1000}`, window: 524_288 }),
    );
  await stream(await harness.member('two'));
  await refused.promise;
  expect(counts.Grant).toBeLessThan(20);
  expect(taken.map(({ caller }) => caller.cluster)).toEqual(['two']);
  await flooder.close();
});

test('an idle cluster costs less than 10 KB an hour, heartbeats and the broker’s own pings counted', async () => {
  const clock = manualClock(Date.now());
  const { heard, until } = await gateway({ clock });
  const line = await startLine(harness.server.ports.client);
  const connection = await stream(await harness.member('shop-0042'), {
    address: `nats://127.0.0.1:${line.port}`,
    clock,
    // The clock jumps by minutes, which an answer takes no time to cross.
    limits: { answerMs: 7_200_000 },
  });
  const passed = (): number => line.passed.up + line.passed.down;
  const before = passed();
  for (let minute = 2; minute <= 60; minute += 2) {
    clock.advance(120_000);
    await connection.send({ ...heartbeat, session: 123_456 });
    await until(() => heard.length === minute / 2);
  }
  // The server asks every two minutes at most: PING and PONG, six bytes each.
  const brokerPings = 30 * 12;
  // With TLS to the broker each of these messages has a head of 22 bytes more.
  const heads = (30 + 12 * 2 + 60) * 22;
  expect(passed() - before + brokerPings + heads).toBeLessThan(10_000);
  expect(passed() - before).toBeGreaterThan(30 * 50);
  await line.close();
});

test('agents behind a leaf node come through it, and neither it nor an agent can be what it is not', async () => {
  const hubSide = await startHarness({ leaf: true });
  const url = `nats://127.0.0.1:${hubSide.server.ports.leaf}`;
  const leafAs = (credentialsFile: string) =>
    startNatsServer({ name: 'leaf', jetStream: false, config: hubSide.setup.leafConfig({ url, credentialsFile }) });
  const leaf = await leafAs(hubSide.setup.credentials.leaf);
  try {
    const heard: string[] = [];
    const wake = Promise.withResolvers<void>();
    const listener = hubSide.listener();
    listeners.push(listener);
    const channel = Promise.withResolvers<AgentChannel>();
    await listener.listen(async (taken) => {
      channel.resolve(taken);
      return { message: async ({ type }) => (heard.push(type), wake.resolve()), closed: () => undefined };
    });
    const member = await hubSide.member('till-7');
    const behind = hubSide.link(member, { address: leaf.url });
    const data = new Uint8Array(256 * 1024).map((_, at) => at % 251);
    const got = Promise.withResolvers<unknown>();
    const connection = await behindLeaf(behind, got.resolve);
    await connection.send(heartbeat);
    await wake.promise;
    await (await channel.promise).send({ type: 'Objects', blobs: [{ digest, part: 0, parts: 1, data }], missing: [] });
    expect(await got.promise).toMatchObject({ type: 'Objects' });
    // As a gateway behind the leaf node would: the hub's broker passes it nothing.
    const spy = await hubSide.spy(leaf);
    const overheard: string[] = [];
    spy.subscribe(subjects.connect('*'), { callback: (_, { subject }) => void overheard.push(subject) });
    spy.subscribe(subjects.up('*', '*'), { callback: (_, { subject }) => void overheard.push(subject) });
    await spy.flush();
    await hubSide.link(await hubSide.member('other')).connect(quiet, never);
    await spy.flush();
    expect(overheard).toEqual([]);
    await spy.close();
  } finally {
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
    await leaf.stop();
    await hubSide.stop();
  }
});

test('a leaf node with the credentials of an agent is not let in, and a client with those of a leaf node is not either', async () => {
  const hubSide = await startHarness({ leaf: true });
  const { jwt, seed } = (await hubSide.member('one')).user;
  const stolen = join(hubSide.folder, 'stolen.creds');
  const block = (name: string, text: string): string => `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
  await writeFile(stolen, `${block('NATS USER JWT', jwt)}\n${block('USER NKEY SEED', seed)}`);
  const url = `nats://127.0.0.1:${hubSide.server.ports.leaf}`;
  const config = hubSide.setup.leafConfig({ url, credentialsFile: stolen });
  const leaf = await startNatsServer({ name: 'leaf', jetStream: false, config });
  try {
    await until(async () => /Authorization Violation|Authentication/i.test(await readFile(leaf.logFile, 'utf8')), {
      what: 'the leaf node to be refused',
    });
    expect(await hubSide.server.monitor('/leafz')).toMatchObject({ leafnodes: 0 });
    const creds = await readFile(hubSide.setup.credentials.leaf);
    const asClient = connect({
      servers: hubSide.server.url,
      authenticator: credsAuthenticator(creds),
      reconnect: false,
    });
    await expect(asClient).rejects.toThrow(/Authorization/i);
  } finally {
    await leaf.stop();
    await hubSide.stop();
  }
});

/** A leaf node that has just started may not know yet what the hub's broker listens to. */
async function behindLeaf(
  link: ReturnType<Harness['link']>,
  heard: (message: unknown) => void,
): Promise<HubConnection> {
  for (;;) {
    const connection = await link.connect(async (message) => heard(message), never).catch(() => undefined);
    if (connection) return connection;
    await new Promise((resolve) => void setImmediate(resolve));
  }
}
