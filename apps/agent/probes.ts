import { createServer } from 'node:http';

/** Whether the process lives, and whether it does its work. */
export interface Probes {
  close(): Promise<void>;
}

/** Answers `/livez` and `/readyz` (ready: the agent's loops run, with the hub or without). */
export async function serveProbes(address: string, isReady: () => boolean): Promise<Probes> {
  const server = createServer((request, response) => {
    const known = request.url === '/livez' || request.url === '/readyz' || request.url === '/healthz';
    const good = request.url !== '/readyz' || isReady();
    response
      .writeHead(known ? (good ? 200 : 503) : 404, { 'Content-Type': 'text/plain' })
      .end(known ? (good ? 'ok\n' : 'not ready\n') : '');
  });
  server.headersTimeout = 5000;
  server.requestTimeout = 5000;
  server.maxConnections = 16;
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (colon < 0) server.listen(port, resolve);
    else server.listen(port, address.slice(0, colon), resolve);
  });
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}
