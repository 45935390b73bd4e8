import type { ClusterName } from '@fairlead/core/model';
import { manualClock } from '@fairlead/ports/clock';
import { expect, test } from 'vitest';
import { Admission } from './admission.ts';

const limits = { atATime: 2, waiting: 3, patienceMs: 1000, burst: 2 };

function rig() {
  const clock = manualClock();
  const admission = new Admission(limits, clock);
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const enter = (name: string): boolean =>
    admission.enter(name as ClusterName, () => {
      begun.push(name);
      return new Promise((resolve) => void ends.push(resolve));
    });
  /** The oldest one under way ends. */
  const end = async (): Promise<void> => {
    ends.shift()?.();
    await new Promise((resolve) => void setImmediate(resolve));
  };
  return { clock, begun, enter, end };
}

test('few are begun at a time, the others wait their turn, and what is over the line is refused', async () => {
  const { begun, enter, end } = rig();
  expect(['a', 'b', 'c', 'd', 'e', 'f'].map(enter)).toEqual([true, true, true, true, true, false]);
  expect(begun).toEqual(['a', 'b']);
  await end();
  expect(begun).toEqual(['a', 'b', 'c']);
  expect(enter('f')).toBe(true);
});

test('one that has waited longer than its agent does is not begun', async () => {
  const { begun, clock, enter, end } = rig();
  for (const name of ['a', 'b', 'c']) enter(name);
  clock.advance(1001);
  enter('d');
  await end();
  expect(begun).toEqual(['a', 'b', 'd']);
});

test('a cluster that asks again and again waits for its own share, and no other one does', () => {
  const { clock, enter } = rig();
  expect([enter('a'), enter('a'), enter('a')]).toEqual([true, true, false]);
  expect(enter('b')).toBe(true);
  clock.advance(1000);
  expect([enter('a'), enter('a')]).toEqual([true, false]);
});
