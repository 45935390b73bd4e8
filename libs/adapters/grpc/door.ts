import type { Http2SecureServer } from 'node:http2';
import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '@fairlead/ports/clock';
import { Gate } from './gate.ts';

/** Handshakes: what ten thousand agents that come at once may take of one event loop. */
const handshakes = { atOnce: 64, perSecond: 1_000, waiting: 16_384, lentMs: 2_000 } as const;

/** Connections that have said nothing yet: an agent speaks first, within the time that a packet takes. */
const silence = { most: 4_096, forMs: 10_000 } as const;

/** Nobody says more before the hub answers: a ClientHello with a post-quantum key share and a ticket has some 3 KB. */
const mostHelloBytes = 8_192;

/** Connections that the kernel holds until the loop takes them. */
const backlog = 4096;

/** What stands before TLS. */
export interface Door {
  readonly server: Server;
  /** Lets nobody in any more, and turns away who waits. Resolves when all connections are gone. */
  close(): Promise<void>;
  /** Cuts off every connection, whatever it waits for. */
  cutOff(): void;
}

/**
 * The door before TLS: takes connections and hands them to `secure` no faster than it can shake hands. Who says nothing
 * holds no place and stands in no queue: it waits outside, and of too many the one that was silent longest is cut off.
 * Who speaks and dawdles takes from its own address alone; who finds the queue full is cut off before it costs anything,
 * and comes back later.
 */
export function doorTo(secure: Http2SecureServer, clock: Clock): Door {
  /** Of the connections that shake hands, by {@link peerOf}. */
  const leaves = new Map<string, () => void>();
  const gate = new Gate<Socket>(handshakes, {
    clock,
    enter(socket, leave) {
      if (socket.destroyed) return leave();
      const peer = peerOf(socket);
      leaves.set(peer, leave);
      socket.once('close', () => {
        if (leaves.get(peer) === leave) leaves.delete(peer);
        leave();
      });
      secure.emit('connection', socket);
    },
    refuse: (socket) => void socket.resetAndDestroy(),
    partyOf: ({ remoteAddress }) => networkOf(remoteAddress ?? ''),
  });
  secure.prependListener('secureConnection', (socket: TLSSocket) => leaves.get(peerOf(socket))?.());
  const hear = listenFor((socket) => gate.come(socket));
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    hear(socket);
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

/** Calls back with each connection that begins to speak, and cuts off those that do not, or that say too much. */
function listenFor(onSpeech: (socket: Socket) => void): (socket: Socket) => void {
  /** Longest silent first. */
  const silent = new Set<Socket>();
  return (socket) => {
    const [longest] = silent;
    if (longest && silent.size >= silence.most) longest.resetAndDestroy();
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
    socket.setTimeout(silence.forMs, () => socket.destroy());
    socket.once('readable', () => {
      silent.delete(socket);
      socket.setTimeout(0);
      const said = socket.readableLength;
      if (said === 0 || said > mostHelloBytes) socket.destroy();
      else onSpeech(socket);
    });
  };
}

/** What a connection is known by, on both of its sides: before TLS and within it. */
function peerOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'> & Duplex): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Whose an address is: of IPv6 one host has as many as it likes within its /64 (RFC 4291, 2.5.1). */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [left = '', right] = address.replace(/%.*/, '').split('::');
  const groups = left.split(':').filter(Boolean);
  const after = right?.split(':').filter(Boolean) ?? [];
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - after.length) }, () => '0');
  return [...groups, ...zeros, ...after].slice(0, 4).join(':');
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
