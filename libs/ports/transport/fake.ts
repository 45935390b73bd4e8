import { asFairleadError, FairleadError, type AgentMessage, type HubMessage } from '@fairlead/core/model';
import type { AgentChannel, AgentListener, Caller, ChannelHandler, HubConnection, HubLink } from './port.ts';

/** Both ends of a transport in memory. */
export interface MemoryTransport {
  readonly listener: AgentListener;
  /** The end of an agent that is proven to be `caller`. */
  link(caller: Caller): HubLink;
  /** How many streams are open. */
  readonly open: number;
}

type Accept = (channel: AgentChannel) => Promise<ChannelHandler>;

/** How many messages wait in one direction before `send` waits. */
const queueLimit = 8;

/** A transport without a network, for tests and simulations. Messages are copied as a wire would. */
export function memoryTransport(): MemoryTransport {
  const streams = new Set<Stream>();
  let accept: Accept | undefined;
  const listener: AgentListener = {
    async listen(toAccept) {
      accept = toAccept;
      return { address: 'memory' };
    },
    async close() {
      accept = undefined;
      for (const stream of streams) stream.close('The hub is stopping.');
    },
  };
  return {
    listener,
    get open() {
      return streams.size;
    },
    link: (caller) => ({
      async connect(handler, signal) {
        signal.throwIfAborted();
        if (!accept) throw unavailable('Cannot reach the hub: it does not listen.');
        const stream = new Stream(() => streams.delete(stream));
        const taken = await accept(stream.channel(caller));
        if (stream.isClosed || signal.aborted) {
          taken.closed();
          throw unavailable('Cannot reach the hub: the stream was ended before it began.');
        }
        streams.add(stream);
        return stream.open({ taken, handler, signal });
      },
    }),
  };
}

function unavailable(message: string): FairleadError {
  return new FairleadError(message, { code: 'Unavailable', reason: 'HubUnreachable', retry: 'backoff' });
}

/** One stream: a pipe each way, and one end for both. */
class Stream {
  readonly #up = new Pipe<AgentMessage>();
  readonly #down = new Pipe<HubMessage>();
  readonly #closed = Promise.withResolvers<string>();
  readonly #gone: () => void;
  #taken: ChannelHandler | undefined;
  isClosed = false;

  constructor(gone: () => void) {
    this.#gone = gone;
  }

  channel(caller: Caller): AgentChannel {
    return { caller, send: (message) => this.#down.send(message), close: (reason) => this.close(reason) };
  }

  open(ends: {
    taken: ChannelHandler;
    handler: (message: HubMessage) => Promise<void>;
    signal: AbortSignal;
  }): HubConnection {
    const fail = (thrown: unknown): void => this.close(asFairleadError(thrown).message, asFairleadError(thrown));
    this.#taken = ends.taken;
    this.#up.read((message) => ends.taken.message(message)).catch(fail);
    this.#down.read(ends.handler).catch(fail);
    ends.signal.addEventListener('abort', () => this.close('The agent ended the stream.'), { once: true });
    return {
      send: (message) => this.#up.send(message),
      closed: this.#closed.promise,
      close: () => this.close('The agent ended the stream.'),
    };
  }

  close(reason: string, cause?: FairleadError): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#up.end();
    this.#down.end();
    this.#gone();
    this.#closed.resolve(reason);
    this.#taken?.closed(cause);
  }
}

/** One direction: a bounded queue, read one at a time. */
class Pipe<Message> {
  readonly #queue: Message[] = [];
  #ended = false;
  #wakeReader: (() => void) | undefined;
  #senders: (() => void)[] = [];

  async send(message: Message): Promise<void> {
    if (this.#ended) throw unavailable('Cannot send: the stream is over.');
    this.#queue.push(structuredClone(message));
    this.#wakeReader?.();
    while (this.#queue.length >= queueLimit && !this.#ended)
      await new Promise<void>((resolve) => void this.#senders.push(resolve));
    if (this.#ended) throw unavailable('Cannot send: the stream is over.');
  }

  async read(handler: (message: Message) => Promise<void>): Promise<void> {
    while (!this.#ended) {
      const message = this.#queue.shift();
      if (message === undefined) {
        await new Promise<void>((resolve) => (this.#wakeReader = resolve));
        continue;
      }
      for (const wake of this.#senders.splice(0)) wake();
      await handler(message);
    }
  }

  end(): void {
    this.#ended = true;
    this.#wakeReader?.();
    for (const wake of this.#senders.splice(0)) wake();
  }
}
