import { createServer, connect, type Socket, type AddressInfo } from 'node:net';

/** A line to a server on this machine that counts what passes, and can be cut. */
export interface Line {
  /** Listens here on 127.0.0.1 and passes everything on. */
  readonly port: number;
  /** What has passed, TCP payload in bytes: from clients to the server, and back. */
  readonly passed: { readonly up: number; readonly down: number };
  /** From now on nothing passes and nobody is told: connections stay open, and new ones get no answer. */
  goDark(): void;
  /** Ends all connections and listens no more. */
  close(): Promise<void>;
}

/** Lays a line to a port of the loopback address. */
export async function startLine(toPort: number): Promise<Line> {
  const passed = { up: 0, down: 0 };
  const sockets = new Set<Socket>();
  let isDark = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const pass = (from: Socket, { to, way }: { to: Socket; way: 'up' | 'down' }): void => {
    from.on('data', (bytes: Buffer) => {
      if (isDark) return;
      passed[way] += bytes.length;
      if (!to.write(bytes)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.once('close', () => isDark || to.destroy());
  };
  const server = createServer((near) => {
    keep(near);
    if (isDark) return;
    const far = connect({ host: '127.0.0.1', port: toPort });
    keep(far);
    pass(near, { to: far, way: 'up' });
    pass(far, { to: near, way: 'down' });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    passed,
    goDark() {
      isDark = true;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
