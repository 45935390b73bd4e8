import type { TLSSocket } from 'node:tls';
import { FairleadError, type ClusterName } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { AgentChannel, AgentListener, ChannelHandler, TlsIdentity, OnBytes } from '@fairlead/ports/transport';
import { natsCodec } from '@fairlead/wire';
import { Admission, type AdmissionLimits } from './admission.ts';
import { dial, readCredentials, type Broker, type BrokerMessage } from './broker.ts';
import { leastWindow } from './credit.ts';
import { Pipe, type PipeLimits } from './pipe.ts';
import { peerOf, secureServer, serverSecrets, type ServerSecrets } from './secure.ts';
import { AgentStream, sayLast, type SecuredPipe } from './stream.ts';
import { clusterOf, gatewayGroup, subjects } from './subjects.ts';

/** Options of {@link natsListener}. */
export interface NatsListenerOptions {
  /** `nats://host:port` or `tls://host:port` of the broker. */
  readonly address: string;
  /** The authority of the broker's certificate; the system's where there is none. */
  readonly brokerCaPem?: string;
  /** The text of the gateways' credentials file, read at each connection. */
  readonly credentials: () => Promise<string>;
  /** The authority of the agents' certificates. */
  readonly caPem: string;
  /** The server's certificate as it is now; asked at the start and twice a day. */
  readonly server: () => Promise<TlsIdentity>;
  readonly clock: Clock;
  /** Hears what failed that should not, and that the broker is away. */
  readonly onError: (error: unknown) => void;
  /** Hears each time that the broker is there and streams are taken. */
  readonly onConnected?: () => void;
  readonly onBytes?: OnBytes | undefined;
  readonly limits?: Partial<NatsListenerLimits>;
}

/** The bounds of a gateway's end. */
export interface NatsListenerLimits extends PipeLimits, AdmissionLimits {
  /** How long an agent may take from its request until it is taken. */
  readonly handshakeMs: number;
}

const defaultLimits: NatsListenerLimits = {
  window: leastWindow,
  // Agents say something every two minutes: this asks those that did not.
  idleMs: 150_000,
  answerMs: 20_000,
  handshakeMs: 20_000,
  atATime: 64,
  // Ten thousand that come at once are taken within a minute, and none of them need come again.
  waiting: 16_384,
  patienceMs: 60_000,
  burst: 10,
};

const halfDayMs = 43_200_000;
const redial = { firstMs: 500, mostMs: 15_000 };

type Accept = (channel: AgentChannel) => Promise<ChannelHandler>;

/**
 * The hub's end over NATS. Any number of gateways share the requests of agents; TLS goes through the broker to the one
 * that takes the stream, and the caller is who its client certificate names. While the broker is away, every stream is
 * over; it is dialled until it is there.
 */
export function natsListener(options: NatsListenerOptions): AgentListener {
  return new Listener(options);
}

class Listener implements AgentListener {
  readonly #options: NatsListenerOptions;
  readonly #limits: NatsListenerLimits;
  readonly #admission: Admission;
  readonly #streams = new Set<AgentStream>();
  /** Every pipe of the broker in use, with the subject on which its agent listens. */
  readonly #pipes = new Map<Pipe, string>();
  #secrets: ServerSecrets | undefined;
  #accept: Accept | undefined;
  #broker: Broker | undefined;
  #stopTaking = (): void => undefined;
  #stopTimers: (() => void)[] = [];
  #isClosed = false;

  constructor(options: NatsListenerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#admission = new Admission(this.#limits, options.clock);
  }

  async listen(accept: Accept): Promise<{ readonly address: string }> {
    this.#accept = accept;
    await this.#renewSecrets();
    await this.#connect({ tries: 0, lost: [] });
    return { address: this.#options.address };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTaking();
    for (const stop of this.#stopTimers) stop();
    for (const stream of this.#streams) stream.close('The hub is stopping.');
    // What is still in its handshake ends by itself when the connection does.
    await Promise.all([...this.#streams].map((stream) => stream.gone));
    await this.#broker?.close();
  }

  async #renewSecrets(): Promise<void> {
    const { server, caPem, clock, onError } = this.#options;
    this.#secrets = serverSecrets(caPem, await server());
    this.#stopTimers[0] = clock.after(halfDayMs, () => {
      // The certificate before it goes on serving.
      this.#renewSecrets().catch(onError);
    });
  }

  /** Connects, and again when that is over; tells the agents of the streams that were lost in between. */
  async #connect({ tries, lost }: { readonly tries: number; readonly lost: readonly string[] }): Promise<void> {
    const { address, brokerCaPem, credentials, clock, onError } = this.#options;
    try {
      const broker = await dial({
        address,
        ...(brokerCaPem !== undefined && { caPem: brokerCaPem }),
        user: readCredentials(await credentials()),
        name: 'fairlead gateway',
        refused: onError,
      });
      if (this.#isClosed) return await broker.close();
      this.#serve(broker, lost);
    } catch (thrown) {
      onError(thrown);
      if (this.#isClosed) return;
      const waitMs = Math.min(redial.mostMs, redial.firstMs * 2 ** Math.min(tries, 10));
      this.#stopTimers[1] = clock.after(waitMs, () => void this.#connect({ tries: tries + 1, lost }));
    }
  }

  #serve(broker: Broker, lost: readonly string[]): void {
    this.#broker = broker;
    for (const down of lost) end(broker, down, 'The gateway lost its connection to the NATS server.');
    this.#stopTaking = broker.subscribe(subjects.connect('*'), {
      group: gatewayGroup,
      hear: (message) => this.#asked(broker, message),
    });
    this.#options.onConnected?.();
    void broker.closed.then((reason) => {
      const now = [...this.#pipes.values()];
      for (const pipe of this.#pipes.keys()) pipe.lose(reason);
      if (!this.#isClosed) void this.#connect({ tries: 0, lost: now });
    });
  }

  /** The broker lets nobody but the cluster itself publish on this subject; what a message says of replies is not read. */
  #asked(broker: Broker, { subject, payload }: BrokerMessage): void {
    const cluster = clusterOf(subject);
    const open = openIn(payload);
    if (!cluster || !open) return;
    const isLet = this.#admission.enter(cluster, () => this.#begin(broker, { cluster, ...open }));
    if (!isLet) end(broker, subjects.down(cluster, open.stream), 'The hub takes no more streams now.');
  }

  async #begin(broker: Broker, asked: Asked): Promise<void> {
    if (this.#isClosed) return;
    const { clock, onError, onBytes } = this.#options;
    const pipe = this.#pipe(broker, asked);
    const stopTimer = clock.after(this.#limits.handshakeMs, () => pipe.lose('The agent took too long.'));
    try {
      const secrets = this.#secrets as ServerSecrets;
      const secured = { pipe, socket: await secureServer(pipe, secrets), clock, onError, onBytes };
      await this.#take(secured, { secrets, cluster: asked.cluster });
    } catch {
      // Whoever does not come as far as TLS has no name, and hears no more than that.
      pipe.lose('The stream was not secured.');
    } finally {
      stopTimer();
    }
  }

  #pipe(broker: Broker, { cluster, stream, window }: Asked): Pipe {
    const up = subjects.up(cluster, stream);
    const down = subjects.down(cluster, stream);
    const pipe = new Pipe({
      limits: this.#limits,
      clock: this.#options.clock,
      peerWindow: window,
      before: { sent: 0, received: 1 },
      send: (frame) => broker.publish(down, { payload: frame, reply: up }),
      turn: () => broker.turn(),
      readsToEnd: false,
    });
    const unsubscribe = broker.subscribe(up, {
      hear: ({ payload, nobodyHeard }) => (nobodyHeard ? pipe.lose('The agent is gone.') : pipe.receive(payload)),
    });
    this.#pipes.set(pipe, down);
    void pipe.over.then(() => {
      // From here on the broker drops what this agent still sends.
      unsubscribe();
      this.#pipes.delete(pipe);
    });
    pipe.begin();
    return pipe;
  }

  async #take(
    secured: SecuredPipe & { readonly socket: TLSSocket },
    { secrets, cluster }: { readonly secrets: ServerSecrets; readonly cluster: ClusterName },
  ): Promise<void> {
    const { pipe, socket, clock } = secured;
    try {
      const { caller, notAfterMs } = peerOf(socket, { authorities: secrets.authorities, nowMs: clock.now() });
      if (caller.cluster !== cluster) throw otherCluster(caller.cluster, cluster);
      const stream = new AgentStream(caller, secured);
      stream.open(await (this.#accept as Accept)(stream));
      this.#streams.add(stream);
      const stopExpiry = clock.after(notAfterMs - clock.now(), () =>
        stream.close(`The certificate of ${cluster} has ended; renew it and connect again.`),
      );
      void pipe.over.then(() => {
        stopExpiry();
        this.#streams.delete(stream);
      });
    } catch (thrown) {
      sayLast(secured, thrown);
    }
  }
}

/** A request for a stream. */
interface Asked {
  readonly cluster: ClusterName;
  readonly stream: string;
  readonly window: number;
}

function openIn(payload: Uint8Array): Omit<Asked, 'cluster'> | undefined {
  try {
    const frame = natsCodec.readFrame(payload);
    if (frame.type === 'Open' && frame.sequence === 1 && frame.window >= leastWindow) return frame;
  } catch {
    // What is no frame is no request: there is nobody to answer.
  }
  return undefined;
}

function end(broker: Broker, down: string, reason: string): void {
  broker.publish(down, { payload: natsCodec.writeFrame({ sequence: 1, type: 'End', reason }) });
}

function otherCluster(named: ClusterName, subject: ClusterName): FairleadError {
  return new FairleadError(
    `Cannot take the stream: its certificate is of ${named}, and its NATS user of ${subject}. Enrol the cluster again.`,
    { code: 'Unauthenticated', reason: 'CredentialsMissing' },
  );
}
