import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';
import { openKeys } from '@fairlead/adapters/pki';
import type { ClusterName } from '@fairlead/core/model';
import { systemClock } from '@fairlead/ports/clock';
import { startNatsServer, type NatsServer, type NatsServerOptions } from '@fairlead/testkit/nats';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { busPermissions, openNatsBus, type NatsBus, type NatsBusOptions } from './index.ts';

let folder: string;
let server: NatsServer;
let buses: NatsBus[];
let problems: unknown[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-bus-'));
  buses = [];
  problems = [];
});
afterEach(async () => {
  await Promise.all(buses.map((bus) => bus.close()));
  await server.stop();
  await rm(folder, { recursive: true });
});

async function start(options: NatsServerOptions = {}): Promise<void> {
  server = await startNatsServer(options);
}

async function open(more: Partial<NatsBusOptions> = {}): Promise<NatsBus> {
  const bus = await openNatsBus({
    servers: server.url,
    name: 'test',
    clock: systemClock,
    onError: (error) => problems.push(error),
    onProblem: (problem) => problems.push(problem),
    ...more,
  });
  buses.push(bus);
  return bus;
}

const bell = (n: number) => ({ clusters: [`c${n}` as ClusterName] });

/** What a subscriber hears, with `lost` where it was told so; `until` waits for a line of it. */
function ear(bus: NatsBus) {
  const lines: string[] = [];
  const waiting = new Map<string, () => void>();
  const say = (line: string): void => {
    lines.push(line);
    waiting.get(line)?.();
  };
  bus.subscribe('desired', ({ clusters }) => say(clusters?.join() ?? 'all'), { lost: () => say('lost') });
  return {
    lines,
    until: (line: string): Promise<void> =>
      lines.includes(line) ? Promise.resolve() : new Promise((resolve) => void waiting.set(line, resolve)),
  };
}

const recovery = (bus: NatsBus): Promise<void> => new Promise((resolve) => void bus.onRecovered(resolve));

test('a server that is killed and started again costs a delay: who publishes waits, who hears looks anew', async () => {
  await start();
  const [here, there] = [await open(), await open()];
  const heard = ear(there);
  await here.publish('desired', bell(1));
  await heard.until('c1');
  await server.down();
  const waiting = here.publish('desired', bell(2));
  await server.up();
  await waiting;
  await heard.until('lost');
  await here.publish('desired', bell(3));
  await heard.until('c3');
  expect(here.problem()).toBeUndefined();
});

test('what a server forgot by being wiped, or set back to a copy, is told as lost', async () => {
  await start();
  const [here, there] = [await open(), await open()];
  const heard = ear(there);
  await here.publish('desired', bell(1));
  const copy = await server.copyStore();
  for (const n of [2, 3]) await here.publish('desired', bell(n));
  await heard.until('c3');
  await server.restart({ whileDown: () => server.setBackStore(copy) });
  await heard.until('lost');
  for (const n of [4, 5, 6]) await here.publish('desired', bell(n));
  await heard.until('c6');
  heard.lines.length = 0;
  await server.restart({ whileDown: () => server.wipeStore() });
  await heard.until('lost');
  await here.publish('desired', bell(7));
  await heard.until('c7');
  expect(heard.lines).toEqual(['lost', 'c7']);
});

test('a stream that is deleted underneath is made again, and everybody looks anew', async () => {
  await start();
  const [here, there] = [await open(), await open()];
  const heard = ear(there);
  await here.publish('desired', bell(1));
  await heard.until('c1');
  const connection = await connect({ servers: server.url });
  await (await jetstreamManager(connection)).streams.delete('FAIRLEAD_BUS');
  await connection.close();
  await here.publish('desired', bell(2));
  await heard.until('lost');
  await here.publish('desired', bell(3));
  await heard.until('c3');
  expect(there.problem()).toBeUndefined();
});

/** Two users, of whom one can be put out and let in again. */
async function twoUsers() {
  const [one, other] = [createUser(), createUser()];
  const config = (users: readonly (typeof one)[]): string =>
    `authorization { users: [ ${users.map((user) => `{ nkey: ${user.getPublicKey()} }`).join(', ')} ] }`;
  const [credentialsFile, otherFile] = [join(folder, 'one'), join(folder, 'other')];
  await writeFile(credentialsFile, one.getSeed());
  await writeFile(otherFile, other.getSeed());
  await start({ config: config([one, other]) });
  return {
    credentialsFile,
    otherFile,
    putOut: () => server.reload(config([one])),
    letIn: () => server.reload(config([one, other])),
  };
}

test('who was away for a moment hears what was said meanwhile; who was away for longer than is kept looks anew', async () => {
  const { credentialsFile, otherFile, putOut, letIn } = await twoUsers();
  const limits = { maxMessages: 5 };
  const here = await open({ credentialsFile, limits });
  const there = await open({ credentialsFile: otherFile, limits });
  const heard = ear(there);
  await here.publish('desired', bell(1));
  await heard.until('c1');
  await putOut();
  for (const n of [2, 3, 4]) await here.publish('desired', bell(n));
  await letIn();
  await heard.until('c4');
  expect(heard.lines).toEqual(['c1', 'c2', 'c3', 'c4']);
  await putOut();
  for (let n = 5; n < 15; n += 1) await here.publish('desired', bell(n));
  await letIn();
  await heard.until('lost');
  await here.publish('desired', bell(20));
  await heard.until('c20');
});

test('credentials that were exchanged are taken at the next dial', async () => {
  const { otherFile, putOut, credentialsFile } = await twoUsers();
  const bus = await open({ credentialsFile: otherFile });
  const heard = ear(bus);
  await rm(otherFile);
  await writeFile(otherFile, createUser().getSeed());
  await putOut();
  await expect.poll(() => bus.problem()?.message).toMatch(/Cannot reach the bus at .*Authorization Violation/);
  const back = recovery(bus);
  await writeFile(otherFile, await readFile(credentialsFile));
  await back;
  await bus.publish('desired', bell(1));
  await heard.until('c1');
});

test('with an authority the bus is spoken to over TLS only, and only where that authority vouches', async () => {
  const keys = await openKeys(join(folder, 'keys'), { names: ['127.0.0.1'], now: () => Date.now() });
  const { certificatePem, keyPem } = await keys.server();
  const [certFile, keyFile, caFile] = [join(folder, 'cert'), join(folder, 'key'), join(folder, 'ca')];
  await writeFile(certFile, certificatePem);
  await writeFile(keyFile, keyPem);
  await writeFile(caFile, keys.caPem);
  await start({ tls: { certFile, keyFile } });
  const bus = await open({ caFile });
  const heard = ear(bus);
  await bus.publish('desired', bell(1));
  await heard.until('c1');
  const stranger = await open({ openWithinMs: 10 });
  await expect.poll(() => stranger.problem()?.message).toMatch(/certificate/);
});

test('a server that stands still is given up within the bound, and used again when it moves', async () => {
  await start();
  const bus = await open({ publishWithinMs: 2_500 });
  const heard = ear(bus);
  await bus.publish('desired', bell(1));
  await heard.until('c1');
  server.freeze();
  await expect(bus.publish('desired', bell(2))).rejects.toMatchObject({
    code: 'Unavailable',
    reason: 'BusUnavailable',
    retry: 'backoff',
  });
  expect(bus.problem()).toMatchObject({ reason: 'BusUnavailable' });
  const back = recovery(bus);
  server.resume();
  await back;
  await bus.publish('desired', bell(3));
  await heard.until('c3');
});

test('a process may start before its server, and whoever subscribed by then looks anew', async () => {
  await start();
  await server.down();
  const bus = await open({ openWithinMs: 10 });
  const heard = ear(bus);
  expect(bus.problem()).toMatchObject({ reason: 'BusUnavailable' });
  await server.up();
  await heard.until('lost');
  await bus.publish('desired', bell(1));
  await heard.until('c1');
});

test('a server without room for the stream is a problem with a name, until there is room', async () => {
  await start({ jetStream: { maxFileBytes: 4096 } });
  const bus = await open({ openWithinMs: 10, publishWithinMs: 100 });
  await expect.poll(() => bus.problem()?.message).toMatch(/insufficient storage resources/);
  await expect(bus.publish('desired', bell(1))).rejects.toMatchObject({ reason: 'BusUnavailable' });
});

test('a disk that fills up refuses, and takes again what is said when there is room', async () => {
  await start({ jetStream: { maxFileBytes: 3_000_000 } });
  const limits = { maxBytes: -1, maxMessages: 1_000 };
  const bus = await open({ limits, publishWithinMs: 100 });
  const heard = ear(bus);
  const connection = await connect({ servers: server.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'hog', subjects: ['hog'] });
  const hog = manager.jetstream();
  const filled = (async () => {
    for (;;) await hog.publish('hog', new Uint8Array(100_000));
  })();
  await expect(filled).rejects.toThrow(/resource/);
  const refused = bus.publish('desired', { clusters: ['c'.repeat(100_000) as ClusterName] });
  await expect(refused).rejects.toMatchObject({ code: 'Unavailable', reason: 'BusUnavailable' });
  await manager.streams.delete('hog');
  await connection.close();
  await bus.publish('desired', bell(1));
  await heard.until('c1');
  expect(bus.problem()).toBeUndefined();
});

test('what is no message of ours is told of, and counts as lost', async () => {
  await start();
  const bus = await open();
  const heard = ear(bus);
  const connection = await connect({ servers: server.url });
  connection.publish('fairlead.bus.desired', '{"clusters":"all of them"}');
  connection.publish('fairlead.bus.invented', '{"by":"a later version"}');
  await connection.flush();
  await connection.close();
  await heard.until('lost');
  await bus.publish('desired', bell(1));
  await heard.until('c1');
  expect(problems).toMatchObject([{ code: 'InvalidInput' }]);
});

test('a message that is too long is refused at once, with what to do', async () => {
  await start();
  const bus = await open();
  const long = { clusters: ['c'.repeat(1_000_000) as ClusterName] };
  await expect(bus.publish('desired', long)).rejects.toMatchObject({
    code: 'InvalidInput',
    message: expect.stringContaining('Name less in one message') as string,
  });
});

test('the permissions of the bus reach no other subject and no other stream', async () => {
  const user = createUser();
  const { publish, subscribe } = busPermissions();
  const permissions = `{ publish: ${JSON.stringify(publish)}, subscribe: ${JSON.stringify(subscribe)} }`;
  const admin = createUser();
  await start({
    config: `authorization { users: [ { nkey: ${user.getPublicKey()}, permissions: ${permissions} }, { nkey: ${admin.getPublicKey()} } ] }`,
  });
  const login = (who: typeof user) => ({
    servers: server.url,
    authenticator: nkeyAuthenticator(who.getSeed()),
    inboxPrefix: '_INBOX_FAIRLEAD_BUS',
  });
  const owner = await connect(login(admin));
  await (await jetstreamManager(owner)).streams.add({ name: 'OTHER', subjects: ['other'] });
  const connection = await connect(login(user));
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 1_000 });
  const refused = /[Pp]ermissions? [Vv]iolation/;
  await expect(manager.streams.delete('FAIRLEAD_BUS')).rejects.toThrow(refused);
  await expect(manager.streams.info('OTHER')).rejects.toThrow(refused);
  await expect(manager.streams.add({ name: 'THIRD', subjects: ['third'] })).rejects.toThrow(refused);
  await expect(connection.request('fairlead.agents.shop', 'x')).rejects.toThrow(refused);
  for (const subject of ['fairlead.bus.desired', '>', '_INBOX.>', '$JS.API.>']) {
    const told = Promise.withResolvers<Error | null>();
    connection.subscribe(subject, { callback: (error) => told.resolve(error) });
    expect(String(await told.promise)).toMatch(refused);
  }
  await connection.close();
  await owner.close();
});

test('a user of before questions were asked carries doorbells as ever, and is told that it may not ask', async () => {
  const user = createUser();
  const isOlder = (subject: string): boolean =>
    !subject.startsWith('fairlead.bus.ask') && !subject.startsWith('_INBOX');
  const publish = JSON.stringify(busPermissions().publish.filter(isOlder));
  const permissions = `{ publish: ${publish}, subscribe: ["_INBOX_FAIRLEAD_BUS.>"] }`;
  await start({ config: `authorization { users: [ { nkey: ${user.getPublicKey()}, permissions: ${permissions} } ] }` });
  await writeFile(join(folder, 'seed'), user.getSeed());
  const bus = await open({ credentialsFile: join(folder, 'seed') });
  const heard = ear(bus);
  bus.serve('gateway-1', async () => 'here');
  await expect(bus.ask('gateway-1', 'x', { withinMs: 5_000 })).rejects.toMatchObject({
    reason: 'BusUnavailable',
    message: expect.stringMatching(/[Pp]ermissions? [Vv]iolation/) as string,
  });
  await bus.publish('desired', bell(1));
  await heard.until('c1');
  expect(heard.lines).not.toContain('lost');
  expect(problems.map(String)).toEqual([expect.stringMatching(/fairlead\.bus\.ask\.gateway-1/)]);
});

test('who serves is asked again after its server was killed and started', async () => {
  await start();
  const [here, there] = [await open(), await open()];
  there.serve('gateway-1', async (question) => question.toUpperCase());
  await server.down();
  const waiting = here.ask('gateway-1', 'a', { withinMs: 60_000 }).catch(String);
  await server.up();
  await waiting;
  await expect.poll(() => here.ask('gateway-1', 'b', { withinMs: 5_000 }).catch(String), { timeout: 30_000 }).toBe('B');
});
