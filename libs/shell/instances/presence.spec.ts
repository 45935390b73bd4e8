import { memoryBus } from '@fairlead/ports/bus';
import { manualClock } from '@fairlead/ports/clock';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { keepInstance, type InstanceOptions } from './presence.ts';

function setUp() {
  const clock = manualClock();
  const bus = memoryBus();
  const store = memoryStore({ now: clock.now });
  const errors: unknown[] = [];
  const ports = { store, bus, clock, onError: (error: unknown) => void errors.push(error) };
  const keep = (instance: string, more: Partial<InstanceOptions> = {}) =>
    keepInstance(ports, { instance, role: 'sources', ttlMs: 9000, ...more });
  return { clock, bus, store, errors, keep };
}

test('instances see each other come and go by the bell', async () => {
  const { keep, bus } = setUp();
  const seen: (readonly string[])[] = [];
  const a = await keep('a', { changed: (live) => seen.push(live) });
  const b = await keep('b');
  await bus.settled();
  expect(a.live()).toEqual(['a', 'b']);
  await b.close();
  await bus.settled();
  expect(seen).toEqual([['a', 'b'], ['a']]);
});

test('one that died without farewell is missed when its time has run out', async () => {
  const { keep, store, clock } = setUp();
  await store.beat({ instance: 'dead', role: 'sources', ttlMs: 9000 });
  const missed = Promise.withResolvers<readonly string[]>();
  const a = await keep('a', { changed: (live) => live.length === 1 && missed.resolve(live) });
  expect(a.live()).toEqual(['a', 'dead']);
  const beats = Promise.withResolvers<void>();
  void missed.promise.then(() => beats.resolve());
  for (let passedMs = 0; passedMs < 12_000; passedMs += 3000) {
    clock.advance(3000);
    for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
  }
  await beats.promise;
  expect(a.live()).toEqual(['a']);
});

test('one that was taken for dead is told so at its next beat', async () => {
  const { keep, store, clock } = setUp();
  const told: boolean[] = [];
  const again = Promise.withResolvers<void>();
  await keep('a', {
    beaten: async (registered) => {
      told.push(registered);
      if (told.length === 2) again.resolve();
    },
  });
  await store.beat({ instance: 'a', role: 'sources', ttlMs: 0 });
  await store.sweepInstances();
  clock.advance(3000);
  await again.promise;
  expect(told).toEqual([true, true]);
});

test('a beat that the store does not take is told of, and the next one comes', async () => {
  const { clock, bus, store, errors } = setUp();
  let isDown = false;
  let heard = Promise.withResolvers<void>();
  const flaky: typeof store = {
    ...store,
    beat: async (beat) => {
      if (isDown) throw new Error('the store is away');
      return store.beat(beat);
    },
  };
  const onError = (error: unknown): void => {
    errors.push(error);
    heard.resolve();
  };
  await keepInstance(
    { store: flaky, bus, clock, onError },
    { instance: 'a', role: 'sources', ttlMs: 9000, beaten: async () => heard.resolve() },
  );
  isDown = true;
  heard = Promise.withResolvers();
  clock.advance(3000);
  await heard.promise;
  expect(errors).toHaveLength(1);
  isDown = false;
  heard = Promise.withResolvers();
  for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
  clock.advance(3000);
  await heard.promise;
  expect(errors).toHaveLength(1);
});
