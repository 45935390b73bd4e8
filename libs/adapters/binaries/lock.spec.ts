import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { withLock } from './lock.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-lock-'));
  path = join(folder, 'a.lock');
});
afterEach(() => rm(folder, { recursive: true }));

test('work under one lock never overlaps, and the file is gone afterwards', async () => {
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  };
  await Promise.all([1, 2, 3].map(() => withLock(path, work, { pollMs: 1 })));
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

test('the lock is given back when the work throws', async () => {
  const failing = withLock(path, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(await withLock(path, () => Promise.resolve('next'))).toBe('next');
});

test('an owner that has died loses the lock', async () => {
  const dead = spawnSync('true').pid;
  await writeFile(path, `${dead}\n`);
  expect(await withLock(path, () => Promise.resolve('taken'), { timeoutMs: 0 })).toBe('taken');
  expect(await readdir(folder)).toEqual([]);
});

test('an owner that has not touched its file for long loses the lock, for its number may be of another machine', async () => {
  await writeFile(path, `${process.pid}\n`);
  const longAgo = new Date(Date.now() - 61_000);
  await utimes(path, longAgo, longAgo);
  expect(await withLock(path, () => Promise.resolve('taken'), { timeoutMs: 0 })).toBe('taken');
});

test('a living owner keeps it: the waiter is told once, and gives up with its number after the time-out', async () => {
  await writeFile(path, `${process.pid}\n`);
  const told: number[] = [];
  const waiting = withLock(path, () => Promise.resolve(), {
    timeoutMs: 30,
    pollMs: 5,
    onWait: (owner) => told.push(owner),
  });
  await expect(waiting).rejects.toThrow(`process ${process.pid} holds it`);
  expect(told).toEqual([process.pid]);
});
