import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectionOf, type Heard } from './connection.ts';

const minuteMs = 60_000;
const nowMs = 100 * 86_400_000;
const at = (heard: Partial<Heard>) => connectionOf({ session: 1, ...heard }, { nowMs });

test('a cluster that never said Hello is Never, and no time changes that', () => {
  expect(connectionOf(undefined, { nowMs })).toEqual({ connection: 'Never' });
  expect(at({ session: 0, lastHeardAtMs: nowMs })).toEqual({ connection: 'Never' });
});

test('five minutes without a word make it Silent, a day makes it Lost', () => {
  expect(at({ lastHeardAtMs: nowMs - 4 * minuteMs })).toEqual({ connection: 'Connected', recheckAfterMs: minuteMs });
  expect(at({ lastHeardAtMs: nowMs - 5 * minuteMs })).toEqual({
    connection: 'Silent',
    recheckAfterMs: 86_400_000 - 5 * minuteMs,
  });
  expect(at({ lastHeardAtMs: nowMs - 86_400_000 })).toEqual({ connection: 'Lost' });
});

test('half a minute without an answer makes it Silent', () => {
  const lastHeardAtMs = nowMs - minuteMs;
  expect(at({ lastHeardAtMs, unansweredSinceMs: nowMs - 29_000 })).toEqual({
    connection: 'Connected',
    recheckAfterMs: 1000,
  });
  expect(at({ lastHeardAtMs, unansweredSinceMs: nowMs - 30_000 }).connection).toBe('Silent');
});

test('what was heard later answers all that was sent before', () => {
  const lastHeardAtMs = nowMs - minuteMs;
  expect(at({ lastHeardAtMs, unansweredSinceMs: lastHeardAtMs - 1 }).connection).toBe('Connected');
  // The hub sends on what it hears: in the same millisecond, the sending came second.
  expect(at({ lastHeardAtMs, unansweredSinceMs: lastHeardAtMs }).connection).toBe('Silent');
});

test('the word changes exactly when it said it would', () => {
  const heard = fc.record({ session: fc.constant(1), lastHeardAtMs: fc.nat(1e9), unansweredSinceMs: fc.nat(1e9) });
  fc.assert(
    fc.property(heard, fc.nat(2e9), (row, at) => {
      const now = connectionOf(row, { nowMs: at });
      const { connection, recheckAfterMs = 0 } = now;
      expect(recheckAfterMs > 0).toBe(connection !== 'Lost');
      fc.pre(recheckAfterMs > 0);
      expect(connectionOf(row, { nowMs: at + recheckAfterMs - 1 }).connection).toBe(connection);
      expect(connectionOf(row, { nowMs: at + recheckAfterMs }).connection).not.toBe(connection);
    }),
  );
});
