import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the ranges from which systems take the ports of outgoing connections: a port found free here
// stays free while its server restarts.
const lowest = 15_000;
const highest = 30_000;
const tries = 50;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A TCP port of the loopback address that nobody listens on. Throws after 50 tries. */
export async function freePort(): Promise<number> {
  for (let n = 0; n < tries; n++) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
  throw new Error(
    `Cannot find a free port: ${tries} between ${lowest} and ${highest} are taken. End what listens there.`,
  );
}
