import { manualClock } from '@fairlead/ports/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { countLoop, startWatchdog, type LoopReport, type Watchdog } from './index.ts';

let clock: ReturnType<typeof manualClock>;
let dog: Watchdog;
const alarms: string[] = [];

beforeEach(() => {
  clock = manualClock(1_000);
  alarms.length = 0;
  const alarm = ({ name }: LoopReport, change: string): void => void alarms.push(`${name} ${change}`);
  dog = startWatchdog({ clock, alarm });
});

afterEach(() => dog.close());

/** Lets time pass look by look: each look's answer is read before the next one. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5_000) {
    clock.advance(5_000);
    await Promise.resolve().then(() => undefined);
  }
}

test('a loop that holds work and finishes nothing raises the alarm once, and is over when it goes on', async () => {
  const loop = countLoop();
  dog.watch({ name: 'plan', limitMs: 60_000, read: loop.read });
  const work = Promise.withResolvers<void>();
  const running = loop.run(() => work.promise);
  await pass(60_000);
  expect({ alarms, stalled: dog.stalled() }).toEqual({ alarms: [], stalled: undefined });
  await pass(60_000);
  expect(alarms).toEqual(['plan began']);
  expect(dog.stalled()).toMatchObject({ reason: 'LoopStalled', code: 'Unavailable' });
  expect(dog.stalled()?.message).toContain('the loop plan has had work for');
  work.resolve();
  await running;
  await pass(5_000);
  expect(alarms).toEqual(['plan began', 'plan over']);
  expect(dog.stalled()).toBeUndefined();
});

test('work that fails again and again is no stall', async () => {
  const loop = countLoop();
  dog.watch({ name: 'relay', limitMs: 30_000, read: loop.read });
  loop.waits(true);
  for (let round = 0; round < 20; round += 1) {
    await loop.run(() => Promise.reject(new Error('no bus'))).catch(() => undefined);
    await pass(10_000);
  }
  expect(alarms).toEqual([]);
});

test('work that waits and that nobody takes is a stall', async () => {
  const loop = countLoop();
  dog.watch({ name: 'relay', limitMs: 30_000, read: loop.read });
  loop.waits(true);
  await pass(60_000);
  expect(alarms).toEqual(['relay began']);
});

test('a loop that cannot be asked is not judged, and the others are', async () => {
  const standing = countLoop();
  standing.waits(true);
  dog.watch({ name: 'silent', limitMs: 10_000, read: () => new Promise(() => undefined) });
  dog.watch({ name: 'broken', limitMs: 10_000, read: () => Promise.reject(new Error('store is gone')) });
  dog.watch({ name: 'plan', limitMs: 10_000, read: standing.read });
  await pass(60_000);
  expect(alarms).toEqual(['plan began']);
  expect(dog.reports().map(({ name, state }) => `${name} ${state}`)).toEqual([
    'silent Idle',
    'broken Idle',
    'plan Stalled',
  ]);
});

test('a watchdog that was closed looks no more', async () => {
  const loop = countLoop();
  loop.waits(true);
  dog.watch({ name: 'plan', limitMs: 10_000, read: loop.read });
  dog.close();
  await pass(60_000);
  expect(alarms).toEqual([]);
});
