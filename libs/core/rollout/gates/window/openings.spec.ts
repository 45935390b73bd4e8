import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Window } from '@fairlead/core/model';
import { openingOf } from './openings.ts';

const quarterMs = 900_000;
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'];
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/** Days and times whose begins no change of clocks leaves out or has twice: those are named cases. */
const window = fc
  .record({
    on: fc.uniqueArray(fc.constantFrom(...days), { minLength: 1 }),
    hour: fc.integer({ min: 4, max: 22 }),
    minute: fc.constantFrom(0, 15, 30, 45),
    quarters: fc.integer({ min: 1, max: 60 }),
    timeZone: fc.constantFrom(...zones),
    allows: fc.boolean(),
  })
  .map(({ on, hour, minute, quarters, timeZone, allows }) => {
    const at = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
    const rest = { duration: `${quarters * 15}m`, timeZone };
    const begin = { days: on, at };
    const document: Window = allows ? { allow: begin, ...rest } : { deny: begin, ...rest };
    return { document, quarters, begin, timeZone, allows };
  });
type Drawn = typeof window extends fc.Arbitrary<infer Value> ? Value : never;

/** Looks at every quarter of an hour on the clock of the zone, without any cron. */
function covers({ begin, quarters, timeZone }: Drawn, nowMs: number): boolean {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit' });
  for (let back = 0; back < quarters; back += 1) {
    const text = clock.format(nowMs - back * quarterMs);
    if (begin.days.some((day) => text === `${day} ${begin.at}`)) return true;
  }
  return false;
}

it('is open exactly where the clocks of the zones say so, and the next opening is one', () => {
  const now = fc.integer({ min: 1_955_556, max: 2_000_000 });
  fc.assert(
    fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), now, (drawn, quarter) => {
      const nowMs = quarter * quarterMs;
      const windows = drawn.map(({ document }) => document);
      const isOpen = (atMs: number): boolean => {
        const allowing = drawn.filter(({ allows }) => allows);
        const denied = drawn.some((one) => !one.allows && covers(one, atMs));
        return !denied && (allowing.length === 0 || allowing.some((one) => covers(one, atMs)));
      };
      const { open, edgeMs, opensMs } = openingOf(windows, nowMs);
      expect(open).toBe(isOpen(nowMs));
      if (edgeMs !== undefined) expect(edgeMs).toBeGreaterThan(nowMs);
      // Nothing changes before the edge.
      for (let atMs = nowMs; atMs < Math.min(edgeMs ?? nowMs, nowMs + 40 * quarterMs); atMs += quarterMs)
        expect(isOpen(atMs)).toBe(open);
      if (opensMs === undefined) return;
      expect(isOpen(opensMs)).toBe(true);
      expect(isOpen(opensMs - quarterMs)).toBe(false);
    }),
    { numRuns: 100 },
  );
});
