import type { Http2SecureServer, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { asFairleadError, FairleadError } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import {
  identityOf,
  type AgentChannel,
  type AgentListener,
  type ChannelHandler,
  type OnBytes,
  type TlsIdentity,
} from '@fairlead/ports/transport';
import { Channel, refuse } from './channel.ts';
import { contextOf, secureServer } from './connections.ts';
import { bind, doorTo, type Door } from './door.ts';
import { Gate } from './gate.ts';
import { isGrpc, isOurCall } from './service.ts';
import { toStatus, unknownMethod } from './status.ts';
import { untilNextKeysMs } from './tickets.ts';

/** Options of {@link grpcListener}. */
export interface GrpcListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The authority of the agents' certificates. */
  readonly caPem: string;
  /** The server's certificate as it is now; asked at the start and twice a day. */
  readonly server: () => Promise<TlsIdentity>;
  /** What seals session tickets: the same bytes in every process that serves these agents, and after a restart. */
  readonly ticketSecret: Uint8Array;
  readonly clock: Clock;
  /**
   * Hears what failed that should not, of which an agent is told no more than that; and that the server's certificate
   * could not be changed: the one before it goes on serving.
   */
  readonly onError: (error: unknown) => void;
  readonly onBytes?: OnBytes | undefined;
}

type Accept = (channel: AgentChannel) => Promise<ChannelHandler>;

const halfDayMs = 43_200_000;

/** How long connections may take to end by themselves when the listener closes. */
const graceMs = 2_000;

/** Streams that are being accepted: each asks the ledger and the store. */
const accepting = { atOnce: 256, perSecond: 2_000, waiting: 4096, lentMs: 10_000 } as const;

/** The hub's end over gRPC: TLS 1.3, the caller is who its client certificate names. */
export function grpcListener(options: GrpcListenerOptions): AgentListener {
  return new Listener(options);
}

class Listener implements AgentListener {
  readonly #options: GrpcListenerOptions;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #channels = new Set<Channel>();
  readonly #gate: Gate<ServerHttp2Stream>;
  #accept: Accept | undefined;
  #door: Door | undefined;
  #cancelChange = (): void => undefined;
  #isClosed = false;

  constructor(options: GrpcListenerOptions) {
    this.#options = options;
    this.#gate = new Gate<ServerHttp2Stream>(accepting, {
      clock: options.clock,
      enter: (stream, leave) => void this.#serve(stream).finally(leave),
      refuse: (stream, afterMs) => refuse(stream, toStatus(tooMany(afterMs))),
    });
  }

  async listen(accept: Accept): Promise<{ readonly address: string }> {
    this.#accept = accept;
    const { clock, host, port } = this.#options;
    const secure = secureServer(await this.#options.server(), this.#options);
    secure.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
    secure.on('stream', (stream, headers) => this.#come(stream, headers));
    const door = doorTo(secure, clock);
    const bound = await bind(door.server, { host, port }).catch((cause: Error) => {
      throw cannotListen(authority(host, port), cause);
    });
    this.#door = door;
    this.#changeLater(secure);
    return { address: authority(host, bound) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelChange();
    this.#gate.close();
    const closed = this.#door?.close();
    for (const channel of this.#channels) channel.close('The hub is stopping.');
    for (const session of this.#sessions) session.close();
    const stopWaiting = this.#options.clock.after(graceMs, () => this.#door?.cutOff());
    await closed;
    stopWaiting();
  }

  /** New connections see the certificate as it is then, and the keys of tickets of then. */
  #changeLater(secure: Http2SecureServer): void {
    const { clock, onError, server } = this.#options;
    this.#cancelChange = clock.after(Math.min(halfDayMs, untilNextKeysMs(clock.now())), () => {
      server()
        .then((identity) => secure.setSecureContext(contextOf(identity, this.#options)), onError)
        .finally(() => !this.#isClosed && this.#changeLater(secure));
    });
  }

  #come(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    // The error is told by the end of the stream; without a listener Node would throw it.
    stream.on('error', () => undefined);
    if (!isGrpc(headers)) return stream.respond({ ':status': 415 }, { endStream: true });
    if (!isOurCall(headers)) return refuse(stream, unknownMethod);
    this.#gate.come(stream);
  }

  async #serve(stream: ServerHttp2Stream): Promise<void> {
    const { clock, onError, onBytes } = this.#options;
    try {
      if (!this.#accept || !stream.session || stream.destroyed) return;
      const socket = stream.session.socket as TLSSocket;
      const { caller, notAfterMs } = identityOf(socket.getPeerX509Certificate(), clock.now());
      const channel = new Channel(stream, { caller, clock, onError, onBytes });
      const handler = await this.#accept(channel);
      if (!stream.destroyed) this.#channels.add(channel);
      stream.once('close', () => this.#channels.delete(channel));
      channel.open(handler, notAfterMs);
    } catch (thrown) {
      if (asFairleadError(thrown).code === 'Internal') onError(thrown);
      refuse(stream, toStatus(thrown));
    }
  }
}

function authority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function cannotListen(address: string, cause: Error): FairleadError {
  return new FairleadError(
    `Cannot listen for agents on ${address}: ${cause.message}. Free the port or configure another one.`,
    { code: 'FailedPrecondition', reason: 'InvalidArgument', cause },
  );
}

function tooMany(afterMs: number): FairleadError {
  return new FairleadError(
    'Cannot take the stream yet: too many agents come at once. The agent comes back by itself.',
    {
      code: 'Unavailable',
      reason: 'RateLimited',
      retry: { afterMs },
    },
  );
}
