import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { coalesced } from './coalesced.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const leastMs = 1_000;
const failing = (isPassing: boolean) => {
  const told: unknown[] = [];
  return { told, isPassing: () => isPassing, onError: (thrown: unknown) => void told.push(thrown) };
};

test('a burst costs two pieces of work for each key, the second after the last was asked for', async () => {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const ask = coalesced(
    (key) => {
      begun.push(key);
      return new Promise((resolve) => ends.push(resolve));
    },
    { leastMs, ...failing(false) },
  );
  for (const key of ['a', 'a', 'b', 'a']) ask(key);
  expect(begun).toEqual(['a', 'b']);
  ends[0]?.();
  await vi.advanceTimersByTimeAsync(leastMs - 1);
  expect(begun).toEqual(['a', 'b']);
  await vi.advanceTimersByTimeAsync(1);
  expect(begun).toEqual(['a', 'b', 'a']);
});

test('what is asked for all the time is done at its pace', async () => {
  let times = 0;
  const ask = coalesced(async () => void (times += 1), { leastMs, ...failing(false) });
  for (let ms = 0; ms < 9_500; ms += 50) {
    ask('a');
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(times).toBe(10);
});

test('a failure that may pass is told and done again with growing pauses, until it has passed', async () => {
  const atMs: number[] = [];
  const startMs = Date.now();
  const { told, ...rest } = failing(true);
  const ask = coalesced(
    async () => {
      atMs.push(Date.now() - startMs);
      if (atMs.length < 4) throw new Error('away');
    },
    { leastMs, ...rest },
  );
  vi.spyOn(Math, 'random').mockReturnValue(0);
  ask('a');
  await vi.runAllTimersAsync();
  expect(atMs).toEqual([0, 1_000, 3_000, 7_000]);
  expect(told).toHaveLength(3);
});

test('a failure that stays is told, and the work is done again when it is asked for again', async () => {
  let times = 0;
  const { told, ...rest } = failing(false);
  const ask = coalesced(
    async () => {
      times += 1;
      throw new Error('gone');
    },
    { leastMs, ...rest },
  );
  ask('a');
  await vi.runAllTimersAsync();
  expect([times, told.length]).toEqual([1, 1]);
  ask('a');
  expect(times).toBe(2);
});

test('work that is to wait first is not done before', async () => {
  let times = 0;
  const ask = coalesced(async () => void (times += 1), { leastMs, firstMs: 500, ...failing(false) });
  ask('a');
  await vi.advanceTimersByTimeAsync(499);
  expect(times).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(times).toBe(1);
});
