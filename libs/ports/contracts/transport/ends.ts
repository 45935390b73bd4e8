import type { AgentMessage, FairleadError, HubMessage } from '@fairlead/core/model';
import type {
  AgentChannel,
  AgentListener,
  Caller,
  ChannelHandler,
  HubConnection,
  HubLink,
} from '@fairlead/ports/transport';

/** One transport with both its ends. */
export interface TransportUnderTest {
  readonly listener: AgentListener;
  /** An agent's end. The identity of `caller` is proven as the transport proves it. */
  link(cluster: string): Promise<{ readonly caller: Caller; readonly link: HubLink }>;
  close(): Promise<void>;
}

/** A signal that never comes. */
export const never = new AbortController().signal;

/** The hub's end as a test looks at it; all of its streams come together in `seen`. */
export interface HubEnd {
  readonly channel: AgentChannel;
  readonly seen: readonly AgentMessage[];
  take(count: number): Promise<readonly AgentMessage[]>;
  /** With what failed, where something did. */
  readonly closed: Promise<FairleadError | undefined>;
}

/** The agent's end as a test looks at it. */
export interface AgentEnd {
  readonly connection: HubConnection;
  take(count: number): Promise<readonly HubMessage[]>;
}

/** Listens, and connects the first agent. */
export async function connected(
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
  const closed = Promise.withResolvers<FairleadError | undefined>();
  let streams = 0;
  await transport.listener.listen(async (opened): Promise<ChannelHandler> => {
    const isFirst = (streams += 1) === 1;
    channel.resolve(opened);
    return {
      async message(message) {
        arrived.put(message);
        if (isFirst) await options.onMessage?.(message);
      },
      closed: closed.resolve,
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

/** Connects another agent to the same listener. */
export async function connectAgain(
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
