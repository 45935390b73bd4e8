import { manualClock } from '@fairlead/ports/clock';
import fc from 'fast-check';
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
      // `b/7` is the seventh of b.
      partyOf: (guest) => guest.split('/')[0] as string,
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
  for (let at = 0; at < 13; at += 1) gate.come(`a/${at}`);
  expect(refused).toEqual([{ guest: 'a/12', afterMs: 2000 }]);
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

test('a party that dawdles in every place and fills the queue holds up another by no more than one place is lent', () => {
  const { gate, inside, entered, refused, clock } = gateOf({ atOnce: 4, waiting: 10 });
  for (let at = 0; at < 14; at += 1) gate.come(`silent/${at}`);
  clock.advance(500);
  for (let at = 0; at < 5; at += 1) gate.come(`agent/${at}`);
  expect(refused.map(({ guest }) => guest)).toEqual([13, 12, 11, 10, 9].map((at) => `silent/${at}`));
  expect(entered.filter((guest) => guest.startsWith('agent'))).toEqual([]);
  clock.advance(1_500);
  // The others dawdle on in half of the places; what is left turns over as fast as agents shake hands.
  for (let at = 0; at < 5; at += 1) {
    clock.advance(10);
    inside.get(`agent/${at}`)?.();
  }
  expect(entered.filter((guest) => guest.startsWith('agent'))).toHaveLength(5);
});

test('a party alone has all places and the whole queue', () => {
  const { gate, entered, refused } = gateOf({ atOnce: 4, waiting: 10 });
  for (let at = 0; at < 14; at += 1) gate.come(`agent/${at}`);
  expect(entered).toHaveLength(4);
  expect(refused).toEqual([]);
});

test('whoever comes goes in once or is turned away once, in the order of its party, and bounds hold', () => {
  const step = fc.oneof(
    fc.record({ come: fc.constantFrom('a', 'b', 'c', 'd') }),
    fc.record({ leave: fc.nat(30) }),
    fc.record({ advanceMs: fc.nat(1_500) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { gate, inside, entered, refused, clock } = gateOf({ atOnce: 3, waiting: 6 });
      let came = 0;
      for (const one of steps) {
        if ('come' in one) gate.come(`${one.come}/${(came += 1)}`);
        else if ('leave' in one) inside.get(entered[one.leave] ?? '')?.();
        else clock.advance(one.advanceMs);
        expect(came - entered.length - refused.length).toBeLessThanOrEqual(6);
      }
      for (const party of ['a', 'b', 'c', 'd']) {
        const turns = entered.filter((guest) => guest.startsWith(party)).map((guest) => Number(guest.slice(2)));
        expect(turns).toEqual(turns.toSorted((one, other) => one - other));
      }
      for (let second = 0; second < 10; second += 1) clock.advance(2_000);
      const all = [...entered, ...refused.map(({ guest }) => guest)];
      expect(new Set(all).size).toBe(came);
      expect(all).toHaveLength(came);
    }),
  );
});
