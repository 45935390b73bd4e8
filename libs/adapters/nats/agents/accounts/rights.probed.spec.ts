import { headers, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startHarness, type Harness, type Member } from '../broker.harness.ts';

const root = 'fairlead.v1.agent';
const stream = 'abcd1234';
let harness: Harness;
let member: Member;
let spy: NatsConnection;
let watching: Subscription;
let agent: NatsConnection;
/** Subjects of everything that the account carried. */
let seen: string[];

beforeAll(async () => {
  harness = await startHarness();
  member = await harness.member('one');
});
afterAll(() => harness?.stop());
beforeEach(async () => {
  seen = [];
  spy = await harness.spy();
  watching = spy.subscribe('>', { callback: (_, message) => void seen.push(message.subject) });
  await spy.flush();
  agent = await harness.bare(member);
});
afterEach(async () => {
  await Promise.all([spy.close(), agent.close()]);
});

/** The next refusal of the broker. */
async function refusal(connection: NatsConnection): Promise<string> {
  for await (const status of connection.status()) if (status.type === 'error') return status.error.message;
  return 'the connection ended without a refusal';
}

/** Once everything that was published has passed. */
async function passed(): Promise<readonly string[]> {
  await agent.flush();
  await spy.flush();
  return seen;
}

test.each([`${root}.one.connect`, `${root}.one.up.${stream}`])('an agent speaks on its own %s', async (subject) => {
  agent.publish(subject, 'words');
  expect(await passed()).toEqual([subject]);
});

test('an agent hears what is said to it, and nothing else', async () => {
  const heard: string[] = [];
  agent.subscribe(`${root}.one.down.${stream}`, { callback: (_, message) => void heard.push(message.subject) });
  await agent.flush();
  for (const subject of [`${root}.one.down.${stream}`, `${root}.two.down.${stream}`, `${root}.one.up.${stream}`])
    spy.publish(subject);
  await passed();
  await agent.flush();
  expect(heard).toEqual([`${root}.one.down.${stream}`]);
});

test.each([
  ['another cluster', `${root}.two.up.${stream}`],
  ['the request of another cluster', `${root}.two.connect`],
  ['what the hub says to it', `${root}.one.down.${stream}`],
  ['what the hub says to others', `${root}.two.down.${stream}`],
  ['more tokens than it has', `${root}.one.up.${stream}.more`],
  ['inboxes', '_INBOX.other.reply'],
  ['JetStream', '$JS.API.STREAM.LIST'],
  ["JetStream's acknowledgements", '$JS.ACK.stream.consumer.1.1.1.1.1'],
  ['the system', '$SYS.REQ.SERVER.PING'],
  ['key-value buckets', '$KV.bucket.key'],
  ['anything', 'anything'],
])('an agent cannot speak as or to %s', async (_, subject) => {
  const refused = refusal(agent);
  agent.publish(subject, 'words');
  expect(await refused).toContain('Permissions Violation for Publish');
  expect(await passed()).toEqual([]);
});

test.each([
  ['everything', '>', undefined],
  ['what is said to all', `${root}.*.down.*`, undefined],
  ['what is said to another', `${root}.two.down.${stream}`, undefined],
  ['requests, as a gateway would', `${root}.*.connect`, 'gateways'],
  ['its own requests', `${root}.one.connect`, undefined],
  ['its own words', `${root}.one.up.${stream}`, undefined],
  ['its own subject in a group, which would share it', `${root}.one.down.${stream}`, 'group'],
  ['its own subject as a gateway', `${root}.one.down.${stream}`, 'gateways'],
  ['all below its own', `${root}.one.>`, undefined],
  ['inboxes of others', '_INBOX.>', undefined],
  ['the system', '$SYS.>', undefined],
  ['JetStream', '$JS.>', undefined],
])('an agent cannot listen to %s', async (_, subject, queue) => {
  const refused = refusal(agent);
  agent.subscribe(subject, { ...(queue !== undefined && { queue }), callback: () => undefined });
  expect(await refused).toContain('Permissions Violation for Subscription');
});

test('a reply that an agent names gives it nothing: it has no inbox and may answer nobody', async () => {
  const refused = refusal(agent);
  await expect(agent.request(`${root}.one.up.${stream}`, 'words', { timeout: 500 })).rejects.toThrow();
  expect(await refused).toContain('Permissions Violation for Subscription');
  agent.subscribe(`${root}.one.down.${stream}`, { callback: (_, message) => void message.respond('words') });
  await agent.flush();
  const notAllowed = refusal(agent);
  spy.publish(`${root}.one.down.${stream}`, 'question', { reply: 'answers.here' });
  expect(await notAllowed).toContain('Permissions Violation for Publish to "answers.here"');
});

test("a header that asks for traces elsewhere brings nothing onto another cluster's subject", async () => {
  const trace = headers();
  trace.set('Nats-Trace-Dest', `${root}.two.down.${stream}`);
  agent.publish(`${root}.one.up.${stream}`, 'words', { headers: trace });
  expect((await passed()).filter((subject) => subject.includes('two'))).toEqual([]);
});

test('a header with a status is no word of the server for another', async () => {
  const status = headers(503, 'No Responders');
  agent.publish(`${root}.one.up.${stream}`, '', { headers: status, reply: `${root}.two.down.${stream}` });
  expect(await passed()).toEqual([`${root}.one.up.${stream}`]);
});

test('nobody listens to JetStream in the account, whoever asks', async () => {
  watching.unsubscribe();
  await expect(spy.request('$JS.API.INFO', '', { timeout: 5000 })).rejects.toThrow(/no responders/);
});

test('more bytes than a frame has, or more subscriptions than a stream needs, end the connection or are refused', async () => {
  const refused = refusal(agent);
  for (let n = 0; n < 6; n += 1) agent.subscribe(`${root}.one.down.${stream}${n}`, { callback: () => undefined });
  expect(await refused).toMatch(/maximum subscriptions exceeded/i);
  const other = await harness.bare(member);
  try {
    other.publish(`${root}.one.up.${stream}`, new Uint8Array(100_000));
    await other.closed();
  } catch (thrown) {
    // The server had told the client of the limit already.
    expect(String(thrown)).toContain('max_payload');
  }
  await other.close();
  expect(await passed()).toEqual([]);
});

test('a user whose time is over is not let in, and one whose time ends is put out', async () => {
  const over = await harness.member('one', { notAfterMs: Date.now() - 1000 });
  await expect(harness.bare(over)).rejects.toThrow(/Authorization|Authentication/i);
  const ends = await harness.bare(await harness.member('one', { notAfterMs: Date.now() + 2000 }));
  expect(String(await ends.closed())).toMatch(/expired/i);
});

test('a user whom another account signed for is not let in', async () => {
  const foreign = await startHarness();
  try {
    const stranger = await foreign.member('one');
    await expect(harness.bare(stranger)).rejects.toThrow(/Authorization/i);
  } finally {
    await foreign.stop();
  }
});
