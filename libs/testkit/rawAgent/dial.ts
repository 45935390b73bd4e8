import { createSecureContext } from 'node:tls';
import { ChannelCredentials, Client, status, type ServiceError } from '@grpc/grpc-js';
import { hubServerName } from '@fairlead/core/model';
import { connectPath } from '@fairlead/wire';
import type { Wire } from './wire.ts';

/** Options of {@link dialRaw}. */
export interface RawAgentOptions<Said, Heard> {
  /** `HOST:PORT` of the hub's streams. */
  readonly address: string;
  readonly caPem: string;
  readonly identity: { readonly keyPem: string; readonly certificatePem: string };
  readonly wire: Wire<Said, Heard>;
}

/** How a stream ended: the name of gRPC's status, and the words with it. */
export interface RawEnd {
  readonly status: string;
  readonly details: string;
}

/** A stream of an agent that keeps to nothing. */
export interface RawStream<Said, Heard> {
  /** All that was heard. */
  readonly heard: readonly Heard[];
  /** False where the stream takes no more for now; `drained` waits until it does, or is over. */
  say(message: Said): boolean;
  /** Bytes as they are, as one message. */
  write(bytes: Uint8Array): boolean;
  drained(): Promise<void>;
  /** The first value that is found in what was heard or will be. Rejects when the stream ends before. */
  until<Found>(find: (message: Heard) => Found | undefined): Promise<Found>;
  /** From now on nothing is read. */
  deafen(): void;
  readonly isOver: boolean;
  readonly ended: Promise<RawEnd>;
  close(): void;
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** Dials by the stock client of gRPC for Node. Nothing is said by itself. */
export function dialRaw<Said, Heard>(options: RawAgentOptions<Said, Heard>): RawStream<Said, Heard> {
  const { address, caPem, identity, wire } = options;
  const context = createSecureContext({ ca: caPem, key: identity.keyPem, cert: identity.certificatePem });
  const client = new Client(address, ChannelCredentials.createFromSecureContext(context), {
    'grpc.ssl_target_name_override': hubServerName,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(connectPath, asIs, asIs);
  const heard: Heard[] = [];
  const listeners = new Set<() => void>();
  let end: RawEnd | undefined;
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const ended = new Promise<RawEnd>((resolve) => {
    const over = (code: number, details: string): void => {
      end ??= { status: status[code] ?? String(code), details };
      resolve(end);
      tell();
      client.close();
    };
    call.on('error', ({ code, details }: ServiceError) => over(code, details));
    call.once('status', ({ code, details }: { code: number; details: string }) => over(code, details));
  });
  call.on('data', (bytes: Buffer) => {
    heard.push(wire.decode(bytes));
    tell();
  });
  const write = (bytes: Uint8Array): boolean => end === undefined && call.write(Buffer.from(bytes));
  return {
    heard,
    write,
    ended,
    say: (message) => write(wire.encode(message)),
    drained: () =>
      Promise.race([new Promise<void>((resolve) => void call.once('drain', resolve)), ended.then(() => {})]),
    until(find) {
      return new Promise((resolve, reject) => {
        let looked = 0;
        const look = (): void => {
          for (; looked < heard.length; looked += 1) {
            const found = find(heard[looked] as Heard);
            if (found === undefined) continue;
            listeners.delete(look);
            return resolve(found);
          }
          if (end) reject(new Error(`The stream is over: ${end.status}: ${end.details}`));
        };
        listeners.add(look);
        look();
      });
    },
    deafen: () => void call.pause(),
    get isOver() {
      return end !== undefined;
    },
    close: () => call.cancel(),
  };
}
