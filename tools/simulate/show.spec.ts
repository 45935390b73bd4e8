import type { Tally } from '@fairlead/testkit/simulator';
import { expect, test } from 'vitest';
import { progressOf, shown, spread, summaryOf, type Moment } from './show.ts';

const nothing: Tally = {
  agents: 20,
  connected: 0,
  verified: 0,
  failures: 0,
  sent: {},
  received: {},
  blobs: 0,
  steppedBack: 0,
  states: {},
  marks: {},
  bytes: { in: 0, out: 0 },
  cpuMs: 100,
  rssBytes: 50 * 2 ** 20,
};

const first: Moment = { atMs: 1_000, tally: nothing, hubCpuMs: 500, hubRssBytes: 90 * 2 ** 20 };
const later: Moment = {
  atMs: 3_000,
  tally: {
    ...nothing,
    connected: 18,
    failures: 2,
    sent: { Hello: 20, Ack: 16 },
    received: { Settings: 18, Desired: 16 },
    states: { Healthy: 12, Progressing: 2, Degraded: 1, Failed: 1, Pending: 4 },
    bytes: { in: 2 ** 20, out: 2 ** 20 },
    cpuMs: 600,
    rssBytes: 60 * 2 ** 20,
  },
  hubCpuMs: 1_700,
  hubRssBytes: 120 * 2 ** 20,
};

test('the progress line tells the states of now and the rates since the moment before', () => {
  expect(progressOf(later, first)).toBe(
    'connected 18/20, acked 16, in sync 15, healthy 12, failed 2, 35 messages/s, hub 60 % CPU 120 MiB, simulator 25 % CPU 60 MiB',
  );
});

test('two looks at one moment divide by nothing', () => {
  expect(progressOf(first, first)).toContain('0 messages/s, hub 0 % CPU');
});

test('on a terminal the line takes the place of the one before, elsewhere each stands for itself', () => {
  expect(shown('a', { isTerminal: true })).toBe('\r\u001b[Ka');
  expect(shown('a', { isTerminal: true, stays: true })).toBe('\r\u001b[Ka\n');
  expect(shown('a', { isTerminal: false })).toBe('a\n');
});

test('the summary tells what came of it, and what it cost a cluster', () => {
  const changes = [{ round: 1, receiptsMs: [30, 10, 20], overMs: 12_345 }];
  expect(summaryOf({ first, last: later, changes, connectMs: [] }).split('\n')).toEqual([
    '20 clusters for 2.0 s',
    'connected    nothing',
    'change 1     3 times: p50 20 ms, p90 30 ms, p99 30 ms, last 30 ms; over at 12.3 s',
    'states       Healthy 12, Progressing 2, Degraded 1, Failed 1, Pending 4',
    'sent         Hello 20, Ack 16',
    'received     Settings 18, Desired 16',
    'failures     2 streams were refused or broke before they began',
    'on the wire  2 MiB, 104858 bytes a cluster',
    'hub          1700 ms of CPU since its start, 60.00 ms a cluster, 120 MiB',
    'simulator    600 ms of CPU, 60 MiB',
  ]);
});

test('percentiles are of what was measured, the last is the slowest', () => {
  const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
  expect(spread(hundred)).toBe('100 times: p50 50 ms, p90 90 ms, p99 99 ms, last 100 ms');
});
