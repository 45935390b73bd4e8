import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectionOf, withoutGap, type Heard } from './connection.ts';

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

test('a time in which nobody could be heard makes nobody silent, and hides nobody who was silent before', () => {
  const gap = { fromMs: nowMs - 600_000, untilMs: nowMs };
  const after = (heard: Partial<Heard>) => connectionOf(withoutGap({ session: 1, ...heard }, gap), { nowMs });
  const justBefore = gap.fromMs - 1000;
  expect(at({ lastHeardAtMs: justBefore }).connection).toBe('Silent');
  expect(after({ lastHeardAtMs: justBefore })).toEqual({ connection: 'Connected', recheckAfterMs: 299_000 });
  expect(after({ lastHeardAtMs: justBefore, unansweredSinceMs: justBefore + 1 }).connection).toBe('Connected');
  expect(after({ lastHeardAtMs: gap.fromMs - 300_000 }).connection).toBe('Silent');
  expect(after({ lastHeardAtMs: justBefore, unansweredSinceMs: gap.fromMs - 30_000 }).connection).toBe('Connected');
  expect(after({ lastHeardAtMs: justBefore - 60_000, unansweredSinceMs: gap.fromMs - 30_000 }).connection).toBe(
    'Silent',
  );
});

test('what was said within a gap counts as said at its end at the latest, and what came later as it came', () => {
  fc.assert(
    fc.property(fc.nat(1e6), fc.nat(1e6), fc.nat(3e6), (fromMs, forMs, lastHeardAtMs) => {
      const untilMs = fromMs + forMs;
      const { lastHeardAtMs: then = 0 } = withoutGap({ session: 1, lastHeardAtMs }, { fromMs, untilMs });
      expect(then).toBeGreaterThanOrEqual(lastHeardAtMs);
      expect(then).toBeLessThanOrEqual(Math.max(untilMs, lastHeardAtMs));
    }),
  );
});
