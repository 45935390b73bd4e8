import { FairleadError } from '@fairlead/core/model';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { addressesIn, hostOf, identityOf } from './addresses.ts';
import { chunkBytes, headBytes } from './credit.ts';
import { signerOf } from './signing.ts';

/** What the broker knows a client by. */
export interface BrokerUser {
  readonly jwt: string;
  /** Of the key that the JWT names; signs the server's nonce and is not sent. */
  readonly seed: string;
}

/** Reads a file of credentials. Throws InvalidInput; nothing of it is told. */
export function readCredentials(text: string): BrokerUser {
  const jwt = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/m.exec(text)?.[0];
  const seed = /^SU[A-Z2-7]{56}$/m.exec(text)?.[0];
  if (jwt !== undefined && seed !== undefined) return { jwt, seed };
  throw new FairleadError(
    'Cannot read the credentials for the NATS server: the file holds no user\'s JWT and seed. Make it with "fairlead nats config".',
    { code: 'InvalidInput', reason: 'CredentialsMissing' },
  );
}

/** How to reach a broker, and as whom. */
export interface ConnectOptions {
  /**
   * `nats://host:port`, or `tls://host:port`: then only a server that shows a certificate is spoken to. Several, with
   * commas in between, are servers of one cluster.
   */
  readonly address: string;
  /** The authority of its certificate; the system's where there is none. */
  readonly caPem?: string;
  readonly user: BrokerUser;
  /** What the broker's own pages call this connection. */
  readonly name: string;
  /** What the subjects of answers begin with, where the user may not use the client library's own. */
  readonly inboxPrefix?: string;
}

/** How to reach a broker for streams. */
export interface BrokerOptions extends ConnectOptions {
  /** What the broker refused, such as a subject that the credentials do not allow. */
  readonly refused: (error: Error) => void;
}

/** One connection to a broker. It is not renewed: when it is over, everything that went by it is. */
export interface Broker {
  publish(subject: string, message: { readonly payload: Uint8Array; readonly reply?: string }): void;
  /** A promise while more lies between here and the broker than one connection may hold; then ask again. */
  turn(): Promise<void> | undefined;
  /** Returns what ends it. */
  subscribe(
    subject: string,
    options: { readonly group?: string; readonly hear: (message: BrokerMessage) => void },
  ): () => void;
  /** Resolves with the reason when the connection is over. */
  readonly closed: Promise<string>;
  /** Sends what is waiting, for a short while, and ends the connection. */
  close(): Promise<void>;
}

/** A message, or the broker's own word that nobody heard what was published. */
export interface BrokerMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly nobodyHeard: boolean;
}

const connectWithinMs = 10_000;
/** The pipes of both ends look for each other; the client's own pings would only double theirs. */
const neverMs = 2_147_483_647;
/** What may lie in the socket before senders wait. */
const mostUnsent = 4_194_304;
const lastWordsMs = 2_000;

/** Connects once. Rejects with Unavailable (HubUnreachable), or FailedPrecondition for a broker of too small messages. */
export async function dial(options: BrokerOptions): Promise<Broker> {
  return brokerOf(await connectAs(options), options);
}

/**
 * A connection of the client library, which is loaded now: an agent over gRPC never does. It is not renewed. Rejects with
 * Unavailable (HubUnreachable).
 */
export async function connectAs(options: ConnectOptions): Promise<NatsConnection> {
  const { connect } = await import('./lazily/client.ts');
  const sign = signerOf(options.user.seed);
  const addresses = addressesIn(options.address);
  const isTls = options.caPem !== undefined || addresses.some((address) => address.startsWith('tls://'));
  try {
    return await connect({
      // In no order of theirs: the clients of a cluster spread over it, and one that is away is passed over.
      servers: addresses.map(hostOf),
      authenticator: (nonce = '') => ({
        jwt: options.user.jwt,
        sig: Buffer.from(sign(new TextEncoder().encode(nonce))).toString('base64url'),
      }),
      name: options.name,
      reconnect: false,
      maxReconnectAttempts: 0,
      timeout: connectWithinMs,
      pingInterval: neverMs,
      ignoreClusterUpdates: true,
      ...(options.inboxPrefix !== undefined && { inboxPrefix: options.inboxPrefix }),
      ...(isTls && { tls: { ...(options.caPem !== undefined && { ca: options.caPem }), ...identityOf(addresses) } }),
    });
  } catch (cause) {
    throw new FairleadError(
      `Cannot reach the NATS server at ${options.address}: ${wordsOf(cause)}. It is tried again; what was applied is kept.`,
      { code: 'Unavailable', reason: 'HubUnreachable', retry: 'backoff', cause },
    );
  }
}

async function brokerOf(connection: NatsConnection, { refused, address }: BrokerOptions): Promise<Broker> {
  const { max_payload: mostBytes = 0 } = connection.info ?? {};
  if (mostBytes < chunkBytes + headBytes) {
    await connection.close();
    throw new FairleadError(
      `Cannot use the NATS server at ${address}: it takes messages of ${mostBytes} bytes, and a stream needs ${chunkBytes + headBytes}. Raise its max_payload.`,
      { code: 'FailedPrecondition', reason: 'HubUnreachable', retry: 'backoff' },
    );
  }
  const outlet = new Outlet(connection);
  let isClosing = false;
  void tellRefusals(connection, refused);
  const closed = connection.closed().then((error) => {
    if (isClosing) return 'The connection to the NATS server was closed.';
    return `The connection to the NATS server was lost${error instanceof Error ? `: ${wordsOf(error)}` : '.'}`;
  });
  return {
    publish: (subject, message) => outlet.publish(subject, message),
    turn: () => outlet.turn(),
    subscribe(subject, { group, hear }) {
      const subscription = connection.subscribe(subject, {
        ...(group !== undefined && { queue: group }),
        // An error here is a refusal, which the connection's status tells of as well.
        callback: (error, message) => (error ? undefined : hear(messageOf(message))),
      });
      return () => subscription.unsubscribe();
    },
    closed,
    async close() {
      isClosing = true;
      outlet.empty();
      const timer = Promise.withResolvers<void>();
      const stop = setTimeout(() => timer.resolve(), lastWordsMs);
      await Promise.race([connection.flush().catch(() => undefined), timer.promise, closed]);
      clearTimeout(stop);
      await connection.close();
    },
  };
}

function messageOf({ subject, data, headers }: Msg): BrokerMessage {
  return { subject, payload: data, nobodyHeard: data.length === 0 && headers?.code === 503 };
}

async function tellRefusals(connection: NatsConnection, refused: (error: Error) => void): Promise<void> {
  for await (const status of connection.status()) if (status.type === 'error') refused(status.error);
}

function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/**
 * What goes to the broker. What streams publish in one turn of the loop leaves in one write: the client library would
 * write for each. And it bounds what one connection holds for a broker that is slower than its senders, who wait their turn.
 */
class Outlet {
  readonly #connection: NatsConnection;
  #waiting: (() => void)[] = [];
  #unsent = 0;
  #flushing: Promise<void> | undefined;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  publish(subject: string, { payload, reply }: { readonly payload: Uint8Array; readonly reply?: string }): void {
    if (this.#connection.isClosed()) return;
    if (this.#waiting.length === 0) setImmediate(() => this.empty());
    this.#waiting.push(() => this.#connection.publish(subject, payload, reply === undefined ? {} : { reply }));
    this.#unsent += payload.length;
  }

  /** Hands everything to the client. */
  empty(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#connection.isClosed()) return;
    for (const publish of waiting) publish();
  }

  turn(): Promise<void> | undefined {
    if (this.#unsent < mostUnsent) return undefined;
    const emptied = (): void => {
      this.#unsent = 0;
      this.#flushing = undefined;
    };
    this.empty();
    // The broker answers a ping after all that was sent before it. A connection that is lost ends every sender anyway.
    return (this.#flushing ??= this.#connection.flush().then(emptied, emptied));
  }
}
