import { randomInt, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

/** Where processes of tests note the ports that they were given, each in a file with its process id. */
const notes = join(tmpdir(), 'fairlead-ports');

/**
 * Notes that the port is ours. A server listens on it only later, and again after each restart: meanwhile nobody else, and
 * not we ourselves, may be given it. False where a process that lives has it.
 */
async function take(port: number): Promise<boolean> {
  const note = join(notes, String(port));
  const draft = join(notes, randomUUID());
  await mkdir(notes, { recursive: true });
  await writeFile(draft, String(process.pid));
  try {
    // It appears with its text: one that is still empty would name no holder.
    await link(draft, note);
    return true;
  } catch {
    const holder = Number(await readFile(note, 'utf8').catch(() => ''));
    // The note of a process that has ended goes, and the port is for another time.
    if (!isAlive(holder)) await rm(note, { force: true });
    return false;
  } finally {
    await rm(draft);
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    // A process of somebody else is one too.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A TCP port of the loopback address that nobody listens on, given to nobody else while this process lives. Throws after 50 tries. */
export async function freePort(): Promise<number> {
  for (let n = 0; n < tries; n++) {
    const port = randomInt(lowest, highest);
    if ((await isFree(port)) && (await take(port))) return port;
  }
  throw new Error(
    `Cannot find a free port: ${tries} between ${lowest} and ${highest} are taken. End what listens there.`,
  );
}
