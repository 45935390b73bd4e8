import { createSecureContext } from 'node:tls';
import { ChannelCredentials, Client, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { asFairleadError, FairleadError, hubServerName, type HubMessage } from '@fairlead/core/model';
import type { HubConnection, HubLink } from '@fairlead/ports/transport';
import { connectPath, decodeHubMessage, encodeAgentMessage } from '@fairlead/wire';
import type { GrpcLinkOptions } from './link.ts';

type Call = ClientDuplexStream<Buffer, Buffer>;

const asIs = (bytes: Buffer): Buffer => bytes;

/** An agent's end by the stock client of gRPC for Node: what it can do, any client of gRPC can. For tests only. */
export function plainLink(options: GrpcLinkOptions): HubLink {
  return {
    async connect(handler, signal) {
      const { keyPem, certificatePem } = options.identity();
      const context = createSecureContext({ ca: options.caPem, key: keyPem, cert: certificatePem });
      const client = new Client(options.address, ChannelCredentials.createFromSecureContext(context), {
        'grpc.ssl_target_name_override': hubServerName,
        'grpc.use_local_subchannel_pool': 1,
        'grpc.enable_retries': 0,
        'grpc.max_receive_message_length': -1,
      });
      const call = client.makeBidiStreamRequest<Buffer, Buffer>(connectPath, asIs, asIs);
      const closed = new Promise<string>((resolve) => {
        call.on('error', (error: ServiceError) => resolve(error.details));
        call.once('status', ({ details }: { readonly details: string }) => resolve(details));
      });
      void closed.then(() => client.close());
      signal.addEventListener('abort', () => call.cancel(), { once: true });
      await taken(call);
      read(call, handler);
      return connectionOf(call, closed);
    },
  };
}

function taken(call: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    call.once('metadata', () => resolve());
    call.once('error', ({ metadata, details }: ServiceError) => {
      const [code = 'Unavailable'] = metadata.get('fairlead-code');
      const [reason = 'HubUnreachable'] = metadata.get('fairlead-reason');
      reject(new FairleadError(details, { code: code as never, reason: reason as never }));
    });
  });
}

function read(call: Call, handler: (message: HubMessage) => Promise<void>): void {
  call.on('data', (bytes: Buffer) => {
    call.pause();
    handler(decodeHubMessage(bytes)).then(
      () => call.resume(),
      () => call.cancel(),
    );
  });
}

function connectionOf(call: Call, closed: Promise<string>): HubConnection {
  let isOver = false;
  void closed.then(() => (isOver = true));
  const over = (cause?: unknown): FairleadError =>
    asFairleadError(cause ?? 'The stream is over.', { code: 'Unavailable', reason: 'HubUnreachable' });
  return {
    closed,
    close: () => call.cancel(),
    send: (message) =>
      new Promise((resolve, reject) => {
        void closed.then(() => reject(over()));
        if (isOver) return;
        call.write(Buffer.from(encodeAgentMessage(message)), (error?: Error | null) =>
          error ? reject(over(error)) : resolve(),
        );
      }),
  };
}
