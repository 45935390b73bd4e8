import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  asFairleadError,
  FairleadError,
  type AgentMessage,
  type ClusterName,
  type HubMessage,
} from '@fairlead/core/model';
import { systemClock, type Clock } from '@fairlead/ports/clock';
import type { HubConnection, HubLink, TlsIdentity } from '@fairlead/ports/transport';
import { decodeHubMessage, encodeAgentMessage, natsCodec, type StreamRecord } from '@fairlead/wire';
import { dial, type Broker } from './broker.ts';
import { Pipe, type PipeLimits } from './pipe.ts';
import { readRecords, RecordWriter } from './records.ts';
import { secureClient } from './secure.ts';
import { subjects } from './subjects.ts';

/** Options of {@link natsLink}. */
export interface NatsLinkOptions {
  readonly cluster: ClusterName;
  /** `nats://host:port` or `tls://host:port` of the broker, or of a leaf node nearer by. */
  readonly address: string;
  /** The authority of the broker's certificate; the system's where there is none. */
  readonly brokerCaPem?: string;
  /** The NATS user as it is now: what the hub signed, and the seed that it was signed for. Asked at each attempt. */
  readonly user: () => { readonly jwt: string; readonly seed: string };
  /** The authority that signs the hub's certificate; no other is trusted. */
  readonly caPem: string;
  /** The agent's key and certificate as they are now; asked at each attempt. */
  readonly identity: () => TlsIdentity;
  readonly clock?: Clock;
  readonly limits?: Partial<NatsLinkLimits>;
}

/** The bounds of an agent's end. */
export interface NatsLinkLimits extends PipeLimits {
  /** How long the hub may take to take the stream. */
  readonly connectMs: number;
}

const defaultLimits: NatsLinkLimits = { window: 524_288, idleMs: 300_000, answerMs: 20_000, connectMs: 75_000 };

/** The agent's end over NATS: TLS to the hub through the broker. Each attempt has a connection of its own. */
export function natsLink(options: NatsLinkOptions): HubLink {
  const { clock = systemClock, address } = options;
  const limits = { ...defaultLimits, ...options.limits };
  return {
    async connect(handler, signal) {
      signal.throwIfAborted();
      const attempt = new Attempt(address);
      const stopTimer = clock.after(limits.connectMs, () => attempt.end('no gateway took the stream in time.'));
      signal.addEventListener('abort', () => attempt.end('The agent ended the stream.'), { once: true });
      try {
        return await attempt.run({ ...options, clock, limits, handler });
      } catch (thrown) {
        attempt.end('The stream did not come about.');
        throw asFairleadError(thrown, { code: 'Unavailable', reason: 'HubUnreachable' });
      } finally {
        stopTimer();
      }
    },
  };
}

interface Work extends NatsLinkOptions {
  readonly clock: Clock;
  readonly limits: NatsLinkLimits;
  readonly handler: (message: HubMessage) => Promise<void>;
}

/** One try, and the stream that came of it. */
class Attempt {
  readonly #address: string;
  readonly #ended = Promise.withResolvers<string>();
  #isOver = false;

  constructor(address: string) {
    this.#address = address;
  }

  end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended.resolve(reason);
  }

  async run(work: Work): Promise<HubConnection> {
    const broker = await this.#orEnd(this.#dial(work));
    const pipe = await this.#orEnd(openPipe(broker, work));
    void this.#ended.promise.then(() => pipe.lose('The agent ended the stream.'));
    void pipe.over.then((reason) => this.end(reason));
    const socket = await this.#orEnd(
      secureClient(pipe, { caPem: work.caPem, identity: work.identity() }).catch(async (cause: unknown) => {
        throw this.#unreachable(this.#isOver ? await this.#ended.promise : asFairleadError(cause).message, cause);
      }),
    );
    const records = readRecords(socket);
    await this.#orEnd(taken(records));
    void this.#read(records, { handler: work.handler, pipe });
    return {
      closed: this.#ended.promise,
      close: () => this.end('The agent ended the stream.'),
      send: this.#sender(socket),
    };
  }

  async #dial({ cluster, address, brokerCaPem, user }: Work): Promise<Broker> {
    const broker = await dial({
      address,
      ...(brokerCaPem !== undefined && { caPem: brokerCaPem }),
      user: user(),
      name: `fairlead agent ${cluster}`,
      refused: (error) => this.end(`The NATS server refused: ${error.message}`),
    });
    void this.#ended.promise.then(() => broker.close());
    void broker.closed.then((reason) => this.end(reason));
    return broker;
  }

  #sender(socket: Duplex): (message: AgentMessage) => Promise<void> {
    const writer = new RecordWriter(socket);
    void this.#ended.promise.then(() => writer.end());
    return async (message) => {
      const bytes = encodeAgentMessage(message);
      try {
        if (this.#isOver) throw new Error('the stream is over');
        await writer.write({ type: 'Message', bytes });
      } catch (cause) {
        throw this.#unreachable('the stream is over.', cause);
      }
    };
  }

  async #read(
    records: AsyncGenerator<StreamRecord, void>,
    { handler, pipe }: { readonly handler: Work['handler']; readonly pipe: Pipe },
  ): Promise<void> {
    try {
      for await (const record of records) {
        if (this.#isOver) return;
        if (record.type === 'Ending') return this.end(record.message);
        if (record.type === 'Message') await handler(decodeHubMessage(record.bytes));
      }
      this.end(pipe.lastWord ?? 'The hub ended the stream.');
    } catch (thrown) {
      this.end(asFairleadError(thrown).message);
    }
  }

  /** What comes of the work, unless the attempt ends before it. */
  #orEnd<T>(work: Promise<T>): Promise<T> {
    return Promise.race([
      work,
      this.#ended.promise.then((reason): never => {
        throw this.#unreachable(reason);
      }),
    ]);
  }

  #unreachable(why: string, cause?: unknown): FairleadError {
    return new FairleadError(
      `Cannot reach the hub by the NATS server at ${this.#address}: ${why} The agent tries again and keeps what it has applied.`,
      { code: 'Unavailable', reason: 'HubUnreachable', retry: 'backoff', cause },
    );
  }
}

/** Asks for a stream and waits for the gateway that takes it. */
async function openPipe(broker: Broker, { cluster, clock, limits }: Work): Promise<Pipe> {
  const stream = randomBytes(6).toString('hex');
  const down = subjects.down(cluster, stream);
  const first = Promise.withResolvers<Pipe>();
  let pipe: Pipe | undefined;
  const unsubscribe = broker.subscribe(down, {
    hear({ payload, nobodyHeard }) {
      if (nobodyHeard) {
        const why = 'no gateway of the hub listens.';
        return pipe ? pipe.lose('The gateway is gone.') : first.reject(new Error(why));
      }
      if (pipe) return pipe.receive(payload);
      try {
        const peerWindow = grantedIn(payload);
        const up = subjects.up(cluster, stream);
        pipe = new Pipe({
          limits,
          clock,
          peerWindow,
          before: { sent: 1, received: 1 },
          send: (frame) => broker.publish(up, { payload: frame, reply: down }),
          turn: () => broker.turn(),
          readsToEnd: true,
        });
        void pipe.over.then(unsubscribe);
        first.resolve(pipe);
      } catch (thrown) {
        first.reject(thrown);
      }
    },
  });
  const open = natsCodec.writeFrame({ sequence: 1, type: 'Open', stream, window: limits.window });
  broker.publish(subjects.connect(cluster), { payload: open, reply: down });
  return first.promise;
}

function grantedIn(payload: Uint8Array): number {
  const frame = natsCodec.readFrame(payload);
  if (frame.type === 'Grant' && frame.sequence === 1) return frame.total;
  throw new Error(frame.type === 'End' ? frame.reason : 'the gateway did not begin with what it grants.');
}

/** Resolves when the hub takes the stream. Throws its refusal. */
async function taken(records: AsyncGenerator<StreamRecord, void>): Promise<void> {
  const { value } = await records.next();
  if (value?.type === 'Taken') return;
  if (value?.type !== 'Ending') throw new Error('The hub ended the stream before it took it.');
  const { code, reason, message } = value;
  throw new FairleadError(message, { code, reason });
}
