import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { BinarySpec, Release } from './catalogue.ts';
import type { Log } from './log.ts';

/** Fetches a published program into `destination`; false, with the reason in the log, when it cannot be had. */
export type Download = (spec: BinarySpec, destination: string) => Promise<boolean>;

/** Limits of a download. The answer to the first, small request decides whether there is a way out at all. */
export interface DownloadLimits {
  readonly answerTimeoutMs?: number;
  readonly wholeTimeoutMs?: number;
}

class Unreachable extends Error {}

async function get(url: string, timeouts: { answerMs: number; wholeMs: number }): Promise<Response> {
  const control = new AbortController();
  const abort = (): void => control.abort();
  const answer = setTimeout(abort, timeouts.answerMs);
  const whole = setTimeout(abort, timeouts.wholeMs);
  whole.unref();
  try {
    return await fetch(url, { signal: control.signal });
  } catch (error) {
    clearTimeout(whole);
    const cause = (error as { cause?: Error }).cause ?? (error as Error);
    throw new Unreachable(control.signal.aborted ? `no answer in ${timeouts.answerMs} ms` : cause.message, {
      cause: error,
    });
  } finally {
    clearTimeout(answer);
  }
}

/** The checksum of `file` in a `sha256sum` list, or a file's only content; undefined when there is none. */
export function checksumOf(file: string, list: string): string | undefined {
  const lines = list.split('\n').map((line) => line.trim().split(/\s+\*?/));
  const line = lines.find(([, name]) => name === file) ?? lines.find((words) => words.length === 1);
  const digest = line?.[0]?.toLowerCase();
  return digest !== undefined && /^[0-9a-f]{64}$/.test(digest) ? digest : undefined;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function unpack(archive: string, member: string, destination: string): Promise<void> {
  const tar = spawn('tar', ['-xzOf', archive, member], { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(tar, 'close');
  let complaint = '';
  tar.stderr.on('data', (text: Buffer) => (complaint = (complaint + text.toString()).slice(-2_000)));
  await pipeline(tar.stdout, createWriteStream(destination));
  const [code] = (await closed) as [number];
  if (code !== 0) throw new Error(`tar found no ${member} in it: ${complaint.trim()}`);
}

async function fetchVerified(release: Release, destination: string, limits: Required<DownloadLimits>): Promise<void> {
  const timeouts = { answerMs: limits.answerTimeoutMs, wholeMs: limits.wholeTimeoutMs };
  const file = basename(new URL(release.url).pathname);
  const checksums = await get(release.checksumUrl, timeouts);
  if (!checksums.ok) throw new Error(`${release.checksumUrl} answered ${checksums.status}`);
  const expected = checksumOf(file, await checksums.text());
  if (!expected) throw new Error(`${release.checksumUrl} has no checksum of ${file}`);

  const body = await get(release.url, timeouts);
  if (!body.ok || !body.body) throw new Error(`${release.url} answered ${body.status}`);
  const part = `${destination}.part`;
  try {
    await pipeline(Readable.fromWeb(body.body), createWriteStream(part));
    const found = await digestOf(part);
    if (found !== expected)
      throw new Error(`${release.url} has SHA-256 ${found}, its project publishes ${expected}; not used`);
    if (release.member) await unpack(part, release.member, destination);
    else await rename(part, destination);
    await chmod(destination, 0o755);
  } finally {
    await rm(part, { force: true });
  }
}

/**
 * Makes a downloader for one run of a process. A host that cannot be reached switches it off for the rest
 * of the run: where one is closed, all are, and every further try would cost its time-out again.
 */
export function createDownload(options: { log: Log } & DownloadLimits): Download {
  const limits = {
    answerTimeoutMs: options.answerTimeoutMs ?? 4_000,
    wholeTimeoutMs: options.wholeTimeoutMs ?? 10 * 60_000,
  };
  let unreachable = false;
  return async function download(spec, destination) {
    if (unreachable || !spec.release) return false;
    const temporary = `${destination}.${randomUUID()}`;
    try {
      await fetchVerified(spec.release, temporary, limits);
      await rename(temporary, destination);
      options.log(`${spec.name}: downloaded ${spec.version} from ${new URL(spec.release.url).host}, checksum verified`);
      return true;
    } catch (error) {
      unreachable = error instanceof Unreachable;
      options.log(`${spec.name}: no download (${(error as Error).message})`);
      return false;
    } finally {
      await rm(temporary, { force: true });
    }
  };
}
