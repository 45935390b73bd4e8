import { expect, test } from 'vitest';
import { pause, pauseMs } from './pause.ts';

test('pauses grow up to the most, and chance takes up to half of them away', () => {
  const grown = (random: () => number) =>
    [1, 2, 3, 4, 20].map((failures) => pauseMs(failures, { firstMs: 500, mostMs: 5_000, random }));
  expect(grown(() => 0)).toEqual([500, 1_000, 2_000, 4_000, 5_000]);
  expect(grown(() => 1)).toEqual([250, 500, 1_000, 2_000, 2_500]);
});

test('a pause ends early when it is woken or given up, and leaves nobody listening', async () => {
  const listening = new Set<() => void>();
  const wakes = (wake: () => void) => {
    listening.add(wake);
    return () => void listening.delete(wake);
  };
  const over = new AbortController();
  const woken = pause(3_600_000, { signal: over.signal, wakes });
  for (const wake of listening) wake();
  await woken;
  const givenUp = pause(3_600_000, { signal: over.signal, wakes });
  over.abort();
  await givenUp;
  await pause(3_600_000, { signal: over.signal, wakes });
  expect(listening.size).toBe(0);
});
