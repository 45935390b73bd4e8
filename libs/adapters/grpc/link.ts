import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';
import { hubServerName } from '@fairlead/core/model';
import { systemClock, type Clock } from '@fairlead/ports/clock';
import type { HubLink, TlsIdentity } from '@fairlead/ports/transport';
import { HubStream } from './connection.ts';
import { Keepalive } from './keepalive.ts';
import { callHeaders, commonSettings } from './service.ts';
import { tlsSessions, type TlsSessions } from './sessions.ts';

/** Options of {@link grpcLink}. */
export interface GrpcLinkOptions {
  /** `host:port` of the hub. */
  readonly address: string;
  /** The authority that signs the hub's certificate; no other is trusted. */
  readonly caPem: string;
  /** The agent's key and certificate as they are now; asked at each attempt. */
  readonly identity: () => TlsIdentity;
  /** Where the last session is kept; a link that is made anew for each attempt is given the same one each time. */
  readonly sessions?: TlsSessions;
  /** By which a connection that went silent is found; that of the machine unless told. */
  readonly clock?: Clock;
}

/**
 * What the hub may send before the agent has read: a bundle over a long line must not wait for each 64 KB. The hub's
 * own window stays small, for it has ten thousand of them.
 */
const windowBytes = 1_048_576;

/** An attempt that was not answered within this is over. The hub's own queue is shorter. */
const attemptMs = 60_000;

/** The agent's end over gRPC. Each attempt has a connection of its own, so that a renewed certificate is used. */
export function grpcLink(options: GrpcLinkOptions): HubLink {
  const sessions = options.sessions ?? tlsSessions();
  return {
    async connect(handler, signal) {
      signal.throwIfAborted();
      const { address } = options;
      const socket = dial(options, sessions);
      const session = connectHttp2(`https://${hubServerName}`, {
        createConnection: () => socket,
        settings: { ...commonSettings, initialWindowSize: windowBytes },
        maxDeflateDynamicTableSize: 0,
      });
      // The event comes a turn later: an attempt that was given up meanwhile has no window, and Node throws.
      session.once('connect', () => void (session.destroyed || session.setLocalWindowSize(windowBytes)));
      new Keepalive(options.clock ?? systemClock).watch(session);
      const call = session.request({ ...callHeaders }, { endStream: false });
      const stream = new HubStream(call, { session, address });
      const stop = (): void => stream.close();
      signal.addEventListener('abort', stop, { once: true });
      void stream.closed.then(() => signal.removeEventListener('abort', stop));
      const tooLate = setTimeout(() => stream.fail(`no answer within ${attemptMs / 1000} s`), attemptMs);
      await stream.taken.finally(() => clearTimeout(tooLate));
      stream.read(handler);
      return stream;
    },
  };
}

function dial({ address, caPem, identity }: GrpcLinkOptions, sessions: TlsSessions): TLSSocket {
  const { keyPem, certificatePem } = identity();
  // A session stands for the certificate that began it: a renewed one begins another.
  const kept = sessions.of([address, caPem, certificatePem, keyPem].join('\n'), () =>
    createSecureContext({ ca: caPem, key: keyPem, cert: certificatePem, minVersion: 'TLSv1.3' }),
  );
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connectTls({
    socket: connectTcp({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), noDelay: true }),
    servername: hubServerName,
    ALPNProtocols: ['h2'],
    secureContext: kept.context,
    ...(kept.session && { session: kept.session }),
  });
  socket.on('session', (session) => (kept.session = session));
  return socket;
}
