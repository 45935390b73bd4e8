import { createSecureContext } from 'node:tls';
import { ChannelCredentials, Client, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import {
  asFairleadError,
  FairleadError,
  hubServerName,
  type AgentMessage,
  type HubMessage,
} from '@fairlead/core/model';
import type { HubConnection, HubLink } from '@fairlead/ports/transport';
import { connectPath, decodeHubMessage, encodeAgentMessage } from '@fairlead/wire';
import type { TlsIdentity } from './credentials.ts';
import { readOneByOne } from './reader.ts';
import { channelOptions } from './service.ts';
import { fromStatus } from './status.ts';

/** Options of {@link grpcLink}. */
export interface GrpcLinkOptions {
  /** `host:port` of the hub. */
  readonly address: string;
  /** The authority that signs the hub's certificate; no other is trusted. */
  readonly caPem: string;
  /** The agent's key and certificate as they are now; asked at each attempt. */
  readonly identity: () => TlsIdentity;
}

type Call = ClientDuplexStream<Buffer, Buffer>;

const asIs = (bytes: Buffer): Buffer => bytes;

/** The agent's end over gRPC. Each attempt has a connection of its own, so that a renewed certificate is used. */
export function grpcLink(options: GrpcLinkOptions): HubLink {
  return {
    async connect(handler, signal) {
      signal.throwIfAborted();
      const { keyPem, certificatePem } = options.identity();
      const context = createSecureContext({
        ca: options.caPem,
        key: keyPem,
        cert: certificatePem,
        minVersion: 'TLSv1.3',
      });
      const client = new Client(options.address, ChannelCredentials.createFromSecureContext(context), {
        ...channelOptions,
        'grpc.ssl_target_name_override': hubServerName,
        'grpc.use_local_subchannel_pool': 1,
      });
      const call = client.makeBidiStreamRequest<Buffer, Buffer>(connectPath, asIs, asIs);
      const stream = new Stream({ call, client, address: options.address });
      signal.addEventListener('abort', () => stream.close(), { once: true });
      await stream.taken;
      stream.read(handler);
      return stream;
    },
  };
}

/** The agent's stream. */
class Stream implements HubConnection {
  /** Resolves when the hub took the stream; rejects with its refusal. */
  readonly taken: Promise<void>;
  readonly closed: Promise<string>;
  readonly #call: Call;
  readonly #address: string;
  readonly #ended = Promise.withResolvers<string>();
  #isOver = false;

  constructor({ call, client, address }: { call: Call; client: Client; address: string }) {
    this.#call = call;
    this.#address = address;
    this.closed = this.#ended.promise;
    this.taken = new Promise((resolve, reject) => {
      call.once('metadata', () => resolve());
      call.once('error', (error: ServiceError) => reject(fromStatus(error, address)));
      void this.closed.then((reason) => reject(unavailable(`Cannot reach the hub at ${address}: ${reason}`)));
    });
    // Whoever waits for `taken` hears of it; a stream that was taken and ends later says so by `closed`.
    this.taken.catch(() => undefined);
    call.on('error', (error: ServiceError) => this.#end(error.details || error.message));
    call.once('end', () => this.#end('The hub ended the stream.'));
    void this.closed.then(() => client.close());
  }

  read(handler: (message: HubMessage) => Promise<void>): void {
    readOneByOne(this.#call, {
      handle: async (bytes) => handler(decodeHubMessage(bytes)),
      fail: (thrown) => {
        this.#end(asFairleadError(thrown).message);
        this.#call.cancel();
      },
    });
  }

  async send(message: AgentMessage): Promise<void> {
    const bytes = encodeAgentMessage(message);
    if (this.#isOver) throw unavailable(`Cannot send to the hub at ${this.#address}: the stream is over.`);
    const written = new Promise<void>((resolve, reject) => {
      this.#call.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), (error?: Error | null) =>
        error ? reject(unavailable(`Cannot send to the hub at ${this.#address}: ${error.message}`)) : resolve(),
      );
    });
    await Promise.race([written, this.closed]);
    if (this.#isOver) throw unavailable(`Cannot send to the hub at ${this.#address}: the stream is over.`);
  }

  close(): void {
    this.#end('The agent ended the stream.');
    this.#call.cancel();
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended.resolve(reason);
  }
}

function unavailable(message: string): FairleadError {
  return new FairleadError(message, { code: 'Unavailable', reason: 'HubUnreachable', retry: 'backoff' });
}
