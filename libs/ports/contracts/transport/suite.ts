import { FairleadError, type AgentMessage, type HubMessage } from '@fairlead/core/model';
import type {
  AgentChannel,
  AgentListener,
  Caller,
  ChannelHandler,
  HubConnection,
  HubLink,
} from '@fairlead/ports/transport';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** One transport with both its ends. */
export interface TransportUnderTest {
  readonly listener: AgentListener;
  /** An agent's end. The identity of `caller` is proven as the transport proves it. */
  link(cluster: string): Promise<{ readonly caller: Caller; readonly link: HubLink }>;
  close(): Promise<void>;
}

/** Makes transports for the suite; `link` is called after `listen`. */
export interface TransportHarness {
  open(): Promise<TransportUnderTest>;
}

const digest = `sha256:${'ab'.repeat(32)}` as never;
const never = new AbortController().signal;
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
}

function endings(transport: () => TransportUnderTest): void {
  test('a refusal reaches the agent with its code and reason', async () => {
    await transport().listener.listen(async () => {
      throw new FairleadError('Cannot take the stream: the ledger names no such cluster.', {
        code: 'PermissionDenied',
        reason: 'NotAMember',
      });
    });
    const { link } = await transport().link('one');
    await expect(link.connect(async () => undefined, never)).rejects.toMatchObject({
      code: 'PermissionDenied',
      reason: 'NotAMember',
      message: 'Cannot take the stream: the ledger names no such cluster.',
    });
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
    await hub.closed;
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

/** The hub's end as a test looks at it; all of its streams come together in `seen`. */
interface HubEnd {
  readonly channel: AgentChannel;
  readonly seen: readonly AgentMessage[];
  take(count: number): Promise<readonly AgentMessage[]>;
  readonly closed: Promise<void>;
}

interface AgentEnd {
  readonly connection: HubConnection;
  take(count: number): Promise<readonly HubMessage[]>;
}

async function connected(
  transport: TransportUnderTest,
  cluster: string,
  options: {
    readonly onMessage?: (message: AgentMessage) => Promise<void>;
    readonly onHubMessage?: () => Promise<void>;
    readonly signal?: AbortSignal;
  } = {},
): Promise<{ hub: HubEnd; agent: AgentEnd; caller: Caller }> {
  const arrived = inbox<AgentMessage>();
  const channel = Promise.withResolvers<AgentChannel>();
  const closed = Promise.withResolvers<void>();
  let streams = 0;
  await transport.listener.listen(async (opened): Promise<ChannelHandler> => {
    const isFirst = (streams += 1) === 1;
    channel.resolve(opened);
    return {
      async message(message) {
        arrived.put(message);
        if (isFirst) await options.onMessage?.(message);
      },
      closed: () => closed.resolve(),
    };
  });
  const { caller, link } = await transport.link(cluster);
  const received = inbox<HubMessage>();
  const connection = await link.connect(async (message) => {
    received.put(message);
    await options.onHubMessage?.();
  }, options.signal ?? never);
  const hub = { channel: await channel.promise, seen: arrived.all, take: arrived.take, closed: closed.promise };
  return { hub, agent: { connection, take: received.take }, caller };
}

async function connectAgain(
  transport: TransportUnderTest,
  options: { readonly cluster: string; readonly hub: HubEnd },
): Promise<AgentEnd> {
  const received = inbox<HubMessage>();
  const { link } = await transport.link(options.cluster);
  return { connection: await link.connect(async (message) => received.put(message), never), take: received.take };
}

/** Collects messages; `take` resolves with all of them once `count` are there. */
function inbox<Message>(): {
  readonly all: readonly Message[];
  put(message: Message): void;
  take(count: number): Promise<readonly Message[]>;
} {
  const all: Message[] = [];
  const waiting = new Set<() => void>();
  return {
    all,
    put(message) {
      all.push(message);
      for (const look of waiting) look();
    },
    take: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (all.length < count) return;
          waiting.delete(look);
          resolve([...all]);
        };
        waiting.add(look);
        look();
      }),
  };
}
