import { createSecureServer, type Http2SecureServer, type SecureServerOptions } from 'node:http2';
import type { Clock } from '@fairlead/ports/clock';
import { Keepalive } from './keepalive.ts';
import { commonSettings } from './service.ts';
import { ticketKeys, ticketLifetimeMs, type TicketSecret } from './tickets.ts';
import type { TlsIdentity } from '@fairlead/ports/transport';

/** After so long an unfinished handshake ends. */
const handshakeMs = 10_000;

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
