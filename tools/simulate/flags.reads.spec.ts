import { expect, test } from 'vitest';
import { readFlags } from './flags.ts';

test('the command line becomes a behaviour', () => {
  const flags = readFlags(
    '--clusters 10000 --processes 2 --seed 7 --health-delay 0-200ms --failure-rate 0.01 --duration 5m'.split(' '),
  );
  expect(flags).toMatchObject({
    clusters: 10_000,
    processes: 2,
    transport: 'grpc',
    layout: 'one',
    durationMs: 300_000,
  });
  expect(flags?.behaviour).toMatchObject({
    seed: 7,
    health: { leastMs: 0, mostMs: 200 },
    failureRate: 0.01,
    verifyShare: 1,
  });
});

test.each([
  ['1s-2m', { leastMs: 1_000, mostMs: 120_000 }],
  ['50ms', { leastMs: 50, mostMs: 50 }],
  ['1-2s', { leastMs: 1_000, mostMs: 2_000 }],
])('%s is a range', (text, range) => {
  expect(readFlags(['--apply-delay', text])?.behaviour.apply).toEqual(range);
});

test.each([
  [['--clusters', 'many'], '--clusters is many'],
  [['--failure-rate', '2'], '--failure-rate is 2'],
  [['--health-delay', '5-1s'], '--health-delay is 5-1s'],
  [['--transport', 'smoke'], '--transport is smoke'],
  [['--duration', '0s'], '--duration is 0s'],
])('%j is refused by name', (args, words) => {
  expect(() => readFlags(args)).toThrow(words);
});
