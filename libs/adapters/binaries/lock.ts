import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** How long to wait, how often to look, and when an owner counts as gone. */
export interface LockOptions {
  /** Called once with the owner's process id when the lock is taken by another. */
  readonly onWait?: (owner: number) => void;
  readonly timeoutMs?: number;
  readonly pollMs?: number;
  /** The owner touches its file every third of this; an older file is an owner's that died elsewhere. */
  readonly staleAfterMs?: number;
}

const defaults = { timeoutMs: 30 * 60_000, pollMs: 200, staleAfterMs: 60_000 };

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // there, and another user's
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function ownerOf(path: string, staleAfterMs: number): Promise<{ pid: number; stale: boolean } | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const pid = Number.parseInt(text, 10);
    const old = Date.now() - mtimeMs > staleAfterMs;
    const written = Number.isInteger(pid); // an empty file is one that is being written, until it is old
    return { pid: written ? pid : 0, stale: old || (written && !isAlive(pid)) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Takes the file away from an owner that is gone. The rename makes one of several waiters win. If a new
 * owner slips in between look and rename, two processes do the same work once: what they produce is
 * renamed into place, so that costs time and never a broken file.
 */
async function breakLock(path: string): Promise<void> {
  const aside = `${path}.stale-${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // another waiter won
    throw error;
  }
  await rm(aside, { force: true });
}

async function acquire(path: string, options: LockOptions): Promise<void> {
  const { timeoutMs, pollMs, staleAfterMs } = { ...defaults, ...options };
  const deadline = Date.now() + timeoutMs;
  let told = false;
  await mkdir(dirname(path), { recursive: true });
  while (!(await take(path))) {
    const owner = await ownerOf(path, staleAfterMs);
    if (!owner) continue;
    if (owner.stale) {
      await breakLock(path);
      continue;
    }
    if (!told) options.onWait?.(owner.pid);
    told = true;
    if (Date.now() > deadline) {
      throw new Error(
        `Cannot get the lock ${path} in ${timeoutMs} ms: process ${owner.pid} holds it. Wait for it or end it, then run again.`,
      );
    }
    await delay(pollMs);
  }
}

/**
 * Runs `work` while this process alone holds the lock file, on this machine. An owner that died, or that
 * has not touched its file for a while, loses it. Throws when another holds it longer than the timeout.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  await acquire(path, options);
  const touch = setInterval(
    () => void utimes(path, new Date(), new Date()).catch(() => clearInterval(touch)),
    (options.staleAfterMs ?? defaults.staleAfterMs) / 3,
  );
  touch.unref();
  try {
    return await work();
  } finally {
    clearInterval(touch);
    await rm(path, { force: true });
  }
}
