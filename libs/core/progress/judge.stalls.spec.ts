import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeLoop, type LoopMemory, type LoopReading, type LoopState } from './judge.ts';

const limits = { limitMs: 60_000, lookEveryMs: 5_000 };

/** Looks at each moment, and says what the last look came to. */
function after(looks: readonly (LoopReading & { readonly nowMs: number })[]): LoopState {
  let before: LoopMemory | undefined;
  let state: LoopState = 'Idle';
  for (const { nowMs, ...reading } of looks) {
    const verdict = judgeLoop(reading, { before, nowMs, limits });
    before = verdict.memory;
    state = verdict.state;
  }
  return state;
}

/** A look every five seconds, from 0 to `untilMs`. */
function every5s(untilMs: number, at: (nowMs: number) => LoopReading): (LoopReading & { nowMs: number })[] {
  return Array.from({ length: untilMs / 5_000 + 1 }, (_, index) => ({ nowMs: index * 5_000, ...at(index * 5_000) }));
}

test('a loop with work and without a step is stalled once its limit has passed, and not before', () => {
  const standing = (): LoopReading => ({ hasWork: true, steps: 3 });
  expect(after(every5s(60_000, standing))).toBe('Working');
  expect(after(every5s(65_000, standing))).toBe('Stalled');
});

test('a loop without work is idle for as long as it likes', () => {
  expect(after(every5s(3_600_000, () => ({ hasWork: false, steps: 0 })))).toBe('Idle');
});

test('a loop that was idle for long has its whole limit for the work that comes', () => {
  const reading = (nowMs: number): LoopReading => ({ hasWork: nowMs > 600_000, steps: 0 });
  expect(after(every5s(660_000, reading))).toBe('Working');
  expect(after(every5s(675_000, reading))).toBe('Stalled');
});

test('one step ends the alarm', () => {
  const reading = (nowMs: number): LoopReading => ({ hasWork: true, steps: nowMs < 300_000 ? 0 : 1 });
  expect(after(every5s(295_000, reading))).toBe('Stalled');
  expect(after(every5s(300_000, reading))).toBe('Working');
});

test('a machine that slept for a day raises no alarm by that', () => {
  const standing = { hasWork: true, steps: 0 };
  expect(
    after([
      { nowMs: 0, ...standing },
      { nowMs: 86_400_000, ...standing },
    ]),
  ).toBe('Working');
});

test('however the clock jumps, an alarm takes as many looks as the limit asks for', () => {
  const jumps = fc.array(fc.integer({ min: -86_400_000, max: 86_400_000 }), { maxLength: 6 });
  fc.assert(
    fc.property(jumps, (steps) => {
      let nowMs = 0;
      const looks = [0, ...steps].map((byMs) => ({ nowMs: (nowMs += byMs), hasWork: true, steps: 0 }));
      // Six looks watch a minute at most.
      expect(after(looks)).toBe('Working');
    }),
  );
});

test('a loop that finishes something between every two looks is never stalled', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 600_000 }), fc.boolean())), (looks) => {
      let nowMs = 0;
      const readings = looks.map(([byMs, hasWork], steps) => ({ nowMs: (nowMs += byMs), hasWork, steps }));
      expect(after(readings)).not.toBe('Stalled');
    }),
  );
});
