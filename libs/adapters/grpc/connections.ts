import { createSecureServer, type Http2SecureServer, type SecureServerOptions } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '@fairlead/ports/clock';
import { Gate } from './gate.ts';
import { Keepalive } from './keepalive.ts';
import { commonSettings } from './service.ts';
import { ticketKeys, ticketLifetimeMs, type TicketSecret } from './tickets.ts';
import type { TlsIdentity } from '@fairlead/ports/transport';

/** Handshakes: what ten thousand agents that come at once may take of one event loop. */
const handshakes = { atOnce: 64, perSecond: 1_000, waiting: 16_384, lentMs: 2_000 } as const;

/** After so long an unfinished handshake ends. */
const handshakeMs = 10_000;

/** Connections that the kernel holds until the loop takes them. */
const backlog = 4096;

/** Options of {@link secureServer}. */
export interface SecureOptions {
  readonly caPem: string;
  readonly ticketSecret: Uint8Array;
  readonly clock: Clock;
}

/**
 * TLS 1.3 with a client certificate of our own authority, over HTTP/2. Sessions are resumed by tickets that any process
 * with the same secret can read.
 */
export function secureServer(identity: TlsIdentity, options: SecureOptions): Http2SecureServer {
  const server = createSecureServer({
    ...contextOf(identity, options),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: handshakeMs,
    // A handful of headers each way; nothing is remembered of them.
    settings: { ...commonSettings, maxConcurrentStreams: 4 },
    maxDeflateDynamicTableSize: 0,
  });
  const keepalive = new Keepalive(options.clock);
  server.on('session', (session) => {
    session.on('error', () => undefined);
    keepalive.watch(session);
  });
  return server;
}

/** What can be changed while the server runs: its certificate, and the keys of tickets. */
export function contextOf(
  identity: TlsIdentity,
  { caPem, ticketSecret, clock }: SecureOptions,
): Pick<
  SecureServerOptions,
  'ca' | 'key' | 'cert' | 'minVersion' | 'sessionIdContext' | 'sessionTimeout' | 'ticketKeys'
> {
  return {
    ca: caPem,
    key: identity.keyPem,
    cert: identity.certificatePem,
    minVersion: 'TLSv1.3',
    // Otherwise Node takes one from the command line, and no other process would resume.
    sessionIdContext: 'fairlead',
    sessionTimeout: ticketLifetimeMs / 1000,
    ticketKeys: ticketKeys({ secret: ticketSecret, caPem } satisfies TicketSecret, clock.now()),
  };
}

/** What stands before TLS. */
export interface Door {
  readonly server: Server;
  /** Lets nobody in any more, and turns away who waits. Resolves when all connections are gone. */
  close(): Promise<void>;
  /** Cuts off every connection, whatever it waits for. */
  cutOff(): void;
}

/**
 * The door before TLS: takes connections and hands them to `secure` no faster than it can shake hands; who finds the
 * queue full is cut off before it costs anything, and comes back later.
 */
export function doorTo(secure: Http2SecureServer, clock: Clock): Door {
  const leaves: (() => void)[] = [];
  const gate = new Gate<Socket>(handshakes, {
    clock,
    enter(socket, leave) {
      leaves.push(leave);
      secure.emit('connection', socket);
    },
    refuse: (socket) => void socket.resetAndDestroy(),
  });
  // Each that enters ends in one of these; which one of them does not matter to the count.
  const oneLess = (): void => leaves.shift()?.();
  secure.prependListener('secureConnection', oneLess);
  secure.on('tlsClientError', oneLess);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    gate.come(socket);
  });
  return {
    server,
    close() {
      gate.close();
      return new Promise((resolve) => server.close(() => resolve()));
    },
    cutOff() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Binds the door. Rejects with the cause. */
export function bind(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog }, () => {
      server.off('error', reject);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}
