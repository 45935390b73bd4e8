import { FairleadError, type AgentMessage, type HubMessage, type MessageOf } from '@fairlead/core/model';
import type { ManualClock } from '@fairlead/ports/clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectAgain, connected, never, type TransportUnderTest } from './ends.ts';

/** Makes transports for the suite; `link` is called after `listen`. */
export interface TransportHarness {
  open(): Promise<TransportUnderTest>;
  /** Of those that have a wire between their ends, which the fake has not. */
  readonly wire?: {
    /** One whose clock stands still until it is told, and whose wire can be cut without a word to either end. */
    open(): Promise<TransportUnderTest & { readonly clock: ManualClock; readonly cut: () => void }>;
    /** Within so long each end finds out by itself that the other is gone. */
    readonly foundWithinMs: number;
  };
}

const digest = `sha256:${'ab'.repeat(32)}` as never;
const want = (): AgentMessage => ({ type: 'Want', digests: [digest] });
const heartbeat = (session: number): AgentMessage => ({ type: 'Heartbeat', session, statusDigest: digest });
const settings = (session: number): HubMessage => ({ type: 'Settings', session, heartbeatMs: 1000 });

/** What every transport promises from the first message on; run against the fake and each adapter. */
export function transportContract(name: string, harness: TransportHarness): void {
  describe(`transport contract: ${name}`, () => {
    let transport: TransportUnderTest;
    beforeEach(async () => {
      transport = await harness.open();
    });
    afterEach(() => transport.close());
    messages(() => transport);
    backPressure(() => transport);
    endings(() => transport);
    succession(() => transport);
    if (harness.wire) onTheWire(harness.wire, () => transport);
  });
}

function messages(transport: () => TransportUnderTest): void {
  test('the hub sees the identity that the transport proved', async () => {
    const { hub, caller } = await connected(transport(), 'shop-0042');
    expect(hub.channel.caller).toEqual(caller);
    expect(hub.channel.caller.cluster).toBe('shop-0042');
  });

  test('messages arrive both ways, in order', async () => {
    const { hub, agent } = await connected(transport(), 'one');
    for (const session of [1, 2, 3]) await agent.connection.send(heartbeat(session));
    for (const session of [4, 5, 6]) await hub.channel.send(settings(session));
    expect(await hub.take(3)).toEqual([heartbeat(1), heartbeat(2), heartbeat(3)]);
    expect(await agent.take(3)).toEqual([settings(4), settings(5), settings(6)]);
  });

  test('many messages of all sizes at a time arrive once and in order, both ways', async () => {
    const { hub, agent } = await connected(transport(), 'one');
    const objects = (part: number): HubMessage => {
      const data = new Uint8Array((part * 7919) % 150_000).fill(part);
      return { type: 'Objects', blobs: [{ digest, part, parts: 100, data }], missing: [] };
    };
    await Promise.all(
      Array.from({ length: 100 }, (_, at) => [
        agent.connection.send(heartbeat(at)),
        hub.channel.send(objects(at)),
      ]).flat(),
    );
    expect(await hub.take(100)).toEqual(Array.from({ length: 100 }, (_, at) => heartbeat(at)));
    const sizes = (await agent.take(100)).map((message) => message.type === 'Objects' && message.blobs[0]?.part);
    expect(sizes).toEqual(Array.from({ length: 100 }, (_, at) => at));
  });

  test('a desired state and a status of thousands of applications arrive whole', async () => {
    const { hub, agent } = await connected(transport(), 'one');
    const desired = desiredOf(8000);
    const status = statusOf(8000);
    await Promise.all([hub.channel.send(desired), agent.connection.send(status)]);
    const [told] = await agent.take(1);
    expect(told?.type === 'Desired' && told.entries).toEqual(desired.entries);
    expect(await hub.take(1)).toEqual([status]);
  });

  test('a part of 256 KB arrives whole', async () => {
    const { hub, agent } = await connected(transport(), 'one');
    const data = new Uint8Array(256 * 1024).map((_, at) => at % 251);
    await hub.channel.send({ type: 'Objects', blobs: [{ digest, part: 0, parts: 1, data }], missing: [] });
    const [message] = await agent.take(1);
    expect(message?.type === 'Objects' && Buffer.compare(message.blobs[0]?.data ?? new Uint8Array(), data)).toBe(0);
  });

  test('while a message is handled, no other one is read', async () => {
    const hold = Promise.withResolvers<void>();
    const { hub, agent } = await connected(transport(), 'one', { onMessage: () => hold.promise });
    await agent.connection.send(heartbeat(1));
    await agent.connection.send(heartbeat(2));
    await hub.take(1);
    await hub.channel.send(settings(1));
    await agent.take(1);
    expect(hub.seen).toHaveLength(1);
    hold.resolve();
    expect(await hub.take(2)).toHaveLength(2);
  });

  test('one agent that is not read does not hold up another', async () => {
    const hold = Promise.withResolvers<void>();
    const held = await connected(transport(), 'one', { onMessage: () => hold.promise });
    await held.agent.connection.send(want());
    await held.hub.take(1);
    const free = await connectAgain(transport(), { cluster: 'two', hub: held.hub });
    await free.connection.send(heartbeat(7));
    await held.hub.take(2);
    expect(held.hub.seen).toContainEqual(heartbeat(7));
    hold.resolve();
  });
}

/** More than any transport may keep for one agent. */
const flood = 100;

function backPressure(transport: () => TransportUnderTest): void {
  test('what an agent does not read waits at the sender, not in between', async () => {
    const hold = Promise.withResolvers<void>();
    const deaf = await connected(transport(), 'one', { onHubMessage: () => hold.promise });
    const other = await connectAgain(transport(), { cluster: 'two', hub: deaf.hub });
    const data = new Uint8Array(256 * 1024);
    let sent = 0;
    const sending = Array.from({ length: flood }, (_, part) =>
      deaf.hub.channel
        .send({ type: 'Objects', blobs: [{ digest, part, parts: flood, data }], missing: [] })
        .then(() => (sent += 1)),
    );
    for (let turn = 1; turn <= 10; turn += 1) {
      await other.connection.send(heartbeat(turn));
      await deaf.hub.take(turn);
    }
    expect(sent).toBeLessThan(flood / 2);
    hold.resolve();
    await Promise.all(sending);
    expect(await deaf.agent.take(flood)).toHaveLength(flood);
  });

  test('what the hub does not take waits at the agent', async () => {
    const hold = Promise.withResolvers<void>();
    const held = await connected(transport(), 'one', { onMessage: () => hold.promise });
    const other = await connectAgain(transport(), { cluster: 'two', hub: held.hub });
    const result: AgentMessage = { type: 'QueryResult', id: 'q', resultJson: 'x'.repeat(1_000_000) };
    let sent = 0;
    const sending = Array.from({ length: flood }, () => held.agent.connection.send(result).then(() => (sent += 1)));
    await held.hub.take(1);
    for (let turn = 1; turn <= 10; turn += 1) {
      await other.connection.send(heartbeat(turn));
      await held.hub.take(1 + turn);
    }
    expect(sent).toBeLessThan(flood / 2);
    held.agent.connection.close();
    hold.resolve();
    expect((await Promise.allSettled(sending)).some(({ status }) => status === 'rejected')).toBe(true);
  });
}

function endings(transport: () => TransportUnderTest): void {
  test.each([
    { code: 'PermissionDenied', reason: 'NotAMember' },
    { code: 'PermissionDenied', reason: 'KeyMismatch' },
    { code: 'Unavailable', reason: 'NotSeenYet' },
  ] as const)('a refusal reaches the agent with its code and reason: $reason', async (refusal) => {
    const message = 'Cannot take the stream: the ledger does not name it – not so.';
    await transport().listener.listen(async () => {
      throw new FairleadError(message, refusal);
    });
    const { link } = await transport().link('one');
    await expect(link.connect(async () => undefined, never)).rejects.toMatchObject({ ...refusal, message });
  });

  test('the hub ends a stream, and the agent hears why', async () => {
    const { hub, agent } = await connected(transport(), 'one');
    hub.channel.close('The cluster left the fleet – for good.');
    expect(await agent.connection.closed).toBe('The cluster left the fleet – for good.');
    await hub.closed;
    await expect(agent.connection.send(want())).rejects.toMatchObject({ code: 'Unavailable' });
    await expect(hub.channel.send(settings(1))).rejects.toMatchObject({ code: 'Unavailable' });
  });

  test('the agent ends its stream, and the hub hears of it', async () => {
    const { hub, agent } = await connected(transport(), 'one');
    agent.connection.close();
    await hub.closed;
    expect(await agent.connection.closed).toBeTypeOf('string');
    await expect(hub.channel.send(settings(1))).rejects.toMatchObject({ code: 'Unavailable' });
  });

  test('a handler that fails ends the stream with its message', async () => {
    const { hub, agent } = await connected(transport(), 'one', {
      async onMessage() {
        throw new FairleadError('Cannot take StatusDelta: too many.', { code: 'InvalidInput', reason: 'RateLimited' });
      },
    });
    await agent.connection.send(want());
    expect(await agent.connection.closed).toBe('Cannot take StatusDelta: too many.');
    expect(await hub.closed).toMatchObject({ code: 'InvalidInput', reason: 'RateLimited' });
  });

  test('the signal ends the stream that came of the attempt', async () => {
    const abort = new AbortController();
    const { hub, agent } = await connected(transport(), 'one', { signal: abort.signal });
    abort.abort();
    await hub.closed;
    expect(await agent.connection.closed).toBeTypeOf('string');
  });

  test('a listener that closes ends its streams and takes no new ones', async () => {
    const { hub, agent } = await connected(transport(), 'one');
    const { link } = await transport().link('two');
    await transport().listener.close();
    await agent.connection.closed;
    await hub.closed;
    await expect(link.connect(async () => undefined, never)).rejects.toMatchObject({
      code: 'Unavailable',
      reason: 'HubUnreachable',
    });
  });
}

function succession(transport: () => TransportUnderTest): void {
  test('a stream that another took the place of is over for both ends, and nothing of it is heard any more', async () => {
    const hold = Promise.withResolvers<void>();
    const first = await connected(transport(), 'one', { onMessage: () => hold.promise });
    await first.agent.connection.send(heartbeat(1));
    await first.agent.connection.send(heartbeat(2));
    await first.hub.take(1);
    const second = await connectAgain(transport(), { cluster: 'one', hub: first.hub });
    first.hub.channel.close('Another stream of one took the place of this one.');
    await first.hub.closed;
    hold.resolve();
    expect(await first.agent.connection.closed).toBe('Another stream of one took the place of this one.');
    await expect(first.agent.connection.send(heartbeat(3))).rejects.toMatchObject({ code: 'Unavailable' });
    await second.connection.send(heartbeat(4));
    expect(await first.hub.take(2)).toEqual([heartbeat(1), heartbeat(4)]);
  });
}

function onTheWire(wire: NonNullable<TransportHarness['wire']>, transport: () => TransportUnderTest): void {
  test('a message over the limit is refused where it is sent, and the stream goes on', async () => {
    const { hub, agent } = await connected(transport(), 'one');
    const data = new Uint8Array(256 * 1024);
    const blobs = Array.from({ length: 20 }, (_, part) => ({ digest, part, parts: 20, data }));
    const tooLarge = { type: 'Objects', blobs, missing: [] } as const;
    await expect(hub.channel.send(tooLarge)).rejects.toMatchObject({ code: 'InvalidInput' });
    await hub.channel.send(settings(1));
    expect(await agent.take(1)).toEqual([settings(1)]);
  });

  test('each end finds out by itself that the other is gone without a word', async () => {
    const { clock, cut, ...dark } = await wire.open();
    try {
      const { hub, agent } = await connected(dark, 'one');
      await agent.connection.send(want());
      await hub.take(1);
      cut();
      const ends = { open: 2 };
      void hub.closed.then(() => (ends.open -= 1));
      void agent.connection.closed.then(() => (ends.open -= 1));
      const stepMs = 5_000;
      for (let passedMs = 0; ends.open > 0 && passedMs <= wire.foundWithinMs; passedMs += stepMs) {
        clock.advance(stepMs);
        await new Promise((resolve) => void setImmediate(resolve));
      }
      expect(ends.open).toBe(0);
    } finally {
      await dark.close();
    }
  });
}

function desiredOf(count: number): MessageOf<HubMessage, 'Desired'> {
  const entries = Array.from({ length: count }, (_, at) => ({
    application: `shop/application-${at}` as never,
    environment: 'production' as never,
    release: digest,
    version: `1.${at}.0`,
    bundle: digest,
    attempt: 'ab'.repeat(20) as never,
    team: { namespaces: [`shop-${at}`], allowKinds: [], denyKinds: ['ClusterRole'] },
    acknowledged: {},
  }));
  const head = { bytes: new Uint8Array([1]), signature: new Uint8Array([2]), keyId: 'key-1' };
  return { type: 'Desired', head, entries, tombstones: [], removed: [] };
}

function statusOf(count: number): AgentMessage {
  const changed = Array.from({ length: count }, (_, at) => ({
    application: `shop/application-${at}` as never,
    release: digest,
    bundle: digest,
    attempt: 'ab'.repeat(20) as never,
    sync: 'InSync' as const,
    health: 'Healthy' as const,
    drift: 'None' as const,
    reason: 'Frozen' as const,
    message: 'All objects are applied and healthy.',
    objects: 12,
    healthyObjects: 12,
    problems: [],
  }));
  return { type: 'StatusDelta', session: 1, sequence: 1, full: true, changed, removed: [], statusDigest: digest };
}
