import { manualClock } from '@fairlead/ports/clock';
import { expect, test } from 'vitest';
import { Gate, type GateBounds } from './gate.ts';

function gateOf(bounds: Partial<GateBounds>) {
  const clock = manualClock();
  const inside = new Map<string, () => void>();
  const entered: string[] = [];
  const refused: { readonly guest: string; readonly afterMs: number }[] = [];
  const gate = new Gate<string>(
    { atOnce: 2, perSecond: 1000, waiting: 10, lentMs: 2_000, ...bounds },
    {
      clock,
      enter(guest, leave) {
        entered.push(guest);
        inside.set(guest, leave);
      },
      refuse: (guest, afterMs) => void refused.push({ guest, afterMs }),
    },
  );
  return { clock, gate, inside, entered, refused };
}

test('no more are inside than there are places, and who waits goes in by the order of coming', () => {
  const { gate, inside, entered, clock } = gateOf({});
  for (const guest of ['a', 'b', 'c', 'd']) gate.come(guest);
  expect(entered).toEqual(['a', 'b']);
  clock.advance(100);
  inside.get('b')?.();
  inside.get('b')?.();
  expect(entered).toEqual(['a', 'b', 'c']);
  inside.get('a')?.();
  expect(entered).toEqual(['a', 'b', 'c', 'd']);
});

test('no more go in each second than may, however fast they leave', () => {
  const { gate, inside, entered, clock } = gateOf({ perSecond: 4, waiting: 100 });
  for (let at = 0; at < 50; at += 1) gate.come(String(at));
  for (let second = 0; second < 5; second += 1) {
    for (let tenth = 0; tenth < 10; tenth += 1) {
      for (const leave of inside.values()) leave();
      clock.advance(100);
    }
    expect(entered.length).toBeLessThanOrEqual(2 + 4 * (second + 1));
  }
  expect(entered.length).toBeGreaterThanOrEqual(20);
});

test('who finds the queue full is told when there may be room', () => {
  const { gate, refused } = gateOf({ perSecond: 5, waiting: 10 });
  for (let at = 0; at < 13; at += 1) gate.come(String(at));
  expect(refused).toEqual([{ guest: '12', afterMs: 2000 }]);
});

test('who dawdles holds up nobody', () => {
  const { gate, entered, clock } = gateOf({});
  for (const guest of ['slow', 'slower', 'c', 'd']) gate.come(guest);
  clock.advance(1_999);
  expect(entered).toEqual(['slow', 'slower']);
  clock.advance(2);
  expect(entered).toEqual(['slow', 'slower', 'c', 'd']);
});

test('a gate that closes turns away all who wait', () => {
  const { gate, refused, entered, clock } = gateOf({});
  for (const guest of ['a', 'b', 'c']) gate.come(guest);
  gate.close();
  clock.advance(10_000);
  expect(entered).toEqual(['a', 'b']);
  expect(refused.map(({ guest }) => guest)).toEqual(['c']);
});
