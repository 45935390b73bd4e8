import { Metadata, Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { asFairleadError, FairleadError, type HubMessage } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { AgentChannel, AgentListener, Caller, ChannelHandler } from '@fairlead/ports/transport';
import { decodeAgentMessage, encodeHubMessage } from '@fairlead/wire';
import { MutualTls, type TlsIdentity } from './credentials.ts';
import { identityOf } from './identity.ts';
import { readOneByOne } from './reader.ts';
import { channelOptions, gatewayService } from './service.ts';
import { toStatus } from './status.ts';

/** Options of {@link grpcListener}. */
export interface GrpcListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The authority of the agents' certificates. */
  readonly caPem: string;
  /** The server's certificate as it is now; asked at the start and twice a day. */
  readonly server: () => Promise<TlsIdentity>;
  readonly clock: Clock;
  /**
   * Hears what failed that should not, of which an agent is told no more than that; and that the server's certificate
   * could not be changed: the one before it goes on serving.
   */
  readonly onError: (error: unknown) => void;
}

type Accept = (channel: AgentChannel) => Promise<ChannelHandler>;
type Call = ServerDuplexStream<Buffer, Buffer>;

const halfDayMs = 43_200_000;

/** How long streams may take to end by themselves when the listener closes. */
const graceMs = 2_000;

/** The hub's end over gRPC: TLS 1.3, the caller is who its client certificate names. */
export function grpcListener(options: GrpcListenerOptions): AgentListener {
  const server = new Server({ ...channelOptions, 'grpc.max_concurrent_streams': 4 });
  const streams = new Set<Stream>();
  let stopRotation = (): void => undefined;
  const rotate = (credentials: MutualTls): void => {
    stopRotation = options.clock.after(halfDayMs, () => {
      options
        .server()
        .then((identity) => credentials.change(identity), options.onError)
        .finally(() => rotate(credentials));
    });
  };
  return {
    async listen(accept) {
      const credentials = new MutualTls(options.caPem, await options.server());
      server.addService(gatewayService, {
        Connect: (call: Call) => void serve(call, { accept, streams, ...options }),
      });
      const port = await bind(server, { address: authority(options.host, options.port), credentials });
      rotate(credentials);
      return { address: authority(options.host, port) };
    },
    async close() {
      stopRotation();
      const ended = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      for (const stream of streams) stream.close('The hub is stopping.');
      const stopWaiting = options.clock.after(graceMs, () => server.forceShutdown());
      await ended;
      stopWaiting();
    },
  };
}

function authority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function bind(server: Server, { address, credentials }: { address: string; credentials: MutualTls }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (cause, port) => {
      if (!cause) return resolve(port);
      reject(
        new FairleadError(
          `Cannot listen for agents on ${address}: ${cause.message}. Free the port or configure another one.`,
          { code: 'FailedPrecondition', reason: 'InvalidArgument', cause },
        ),
      );
    });
  });
}

async function serve(
  call: Call,
  {
    accept,
    streams,
    clock,
    onError,
  }: Pick<GrpcListenerOptions, 'clock' | 'onError'> & { accept: Accept; streams: Set<Stream> },
): Promise<void> {
  try {
    const { caller, notAfterMs } = identityOf(call.getAuthContext().sslPeerCertificate?.raw, clock.now());
    const stream = new Stream(call, { caller, onError });
    const handler = await accept(stream);
    stream.open(handler);
    streams.add(stream);
    const stopExpiry = clock.after(notAfterMs - clock.now(), () =>
      stream.close(`The certificate of ${caller.cluster} has ended; renew it and connect again.`),
    );
    await stream.over;
    stopExpiry();
    streams.delete(stream);
  } catch (thrown) {
    if (asFairleadError(thrown).code === 'Internal') onError(thrown);
    call.emit('error', toStatus(thrown));
  }
}

/** One agent's stream. */
class Stream implements AgentChannel {
  readonly caller: Caller;
  /** Resolves when nothing more comes or goes. */
  readonly over: Promise<void>;
  readonly #call: Call;
  readonly #onError: (error: unknown) => void;
  readonly #ended = Promise.withResolvers<void>();
  #isOver = false;

  constructor(call: Call, { caller, onError }: { caller: Caller; onError: (error: unknown) => void }) {
    this.#call = call;
    this.#onError = onError;
    this.caller = caller;
    this.over = this.#ended.promise;
    for (const event of ['end', 'close', 'cancelled', 'error']) call.once(event, () => this.#end());
    // Without a listener Node would throw the later ones.
    call.on('error', () => undefined);
  }

  /** Tells the agent that it was taken and reads from now on. */
  open(handler: ChannelHandler): void {
    void this.over.then(() => handler.closed());
    if (this.#isOver) return;
    this.#call.sendMetadata(new Metadata());
    readOneByOne(this.#call, {
      handle: async (bytes) => handler.message(decodeAgentMessage(bytes)),
      fail: (thrown) => this.#fail(thrown),
    });
  }

  async send(message: HubMessage): Promise<void> {
    const bytes = encodeHubMessage(message);
    if (this.#isOver) throw over(this.caller);
    const written = new Promise<void>((resolve, reject) => {
      // The callback comes when HTTP/2 took the bytes within the agent's window: it is the drain of one message.
      this.#call.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), (error?: Error | null) =>
        error ? reject(over(this.caller, error)) : resolve(),
      );
    });
    // A stream that ends meanwhile may never call back.
    await Promise.race([written, this.over]);
    if (this.#isOver) throw over(this.caller);
  }

  close(reason: string): void {
    this.#fail(new FairleadError(reason, { code: 'Unavailable', reason: 'HubUnreachable' }));
  }

  #fail(thrown: unknown): void {
    if (this.#isOver) return;
    if (asFairleadError(thrown).code === 'Internal') this.#onError(thrown);
    // The listener that grpc-js has on its own streams sends the status and ends the call.
    this.#call.emit('error', toStatus(thrown));
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended.resolve();
    this.#call.end();
  }
}

function over(caller: Caller, cause?: unknown): FairleadError {
  return new FairleadError(`Cannot send to ${caller.cluster}: its stream is over.`, {
    code: 'Unavailable',
    reason: 'ClusterSilent',
    retry: 'backoff',
    subject: { cluster: caller.cluster },
    cause,
  });
}
