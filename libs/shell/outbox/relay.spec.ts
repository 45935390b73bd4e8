import { FairleadError, type ApplicationId, type ClusterName } from '@fairlead/core/model';
import { memoryBus, type Message } from '@fairlead/ports/bus';
import { manualClock } from '@fairlead/ports/clock';
import { memoryStore, type Change } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { startRelay } from './relay.ts';

const put = (row: Message): Change => ({ put: 'outbox', row });
const bell = (n: number): Change => put({ subject: 'fleet', payload: { head: String(n) } });
const name = (n: number): ClusterName => `c${n}` as ClusterName;

const tooLong = new FairleadError('too long', { code: 'InvalidInput', reason: 'InvalidArgument' });

function setUp() {
  const [store, bus, clock] = [memoryStore(), memoryBus(), manualClock()];
  const errors: unknown[] = [];
  const heads = () => bus.published.map(({ payload }) => ('head' in payload ? payload.head : undefined));
  const start = () => startRelay({ store, bus, clock, onError: (error) => errors.push(error) });
  return { store, bus, clock, errors, heads, start };
}

test('what waited before the start and what comes later leaves in order, once', async () => {
  const { store, heads, start } = setUp();
  await store.write([bell(1), bell(2)]);
  const relay = start();
  await relay.settled();
  await store.write([bell(3)]);
  await relay.settled();
  expect(heads()).toEqual(['1', '2', '3']);
  expect(await store.outbox(9)).toEqual([]);
  await relay.stop();
});

test('ten thousand doorbells leave as a few messages', async () => {
  const { store, bus, start } = setUp();
  const clusters = Array.from({ length: 10_000 }, (_, n) => name(n));
  const applications = ['shop/web' as ApplicationId];
  await store.write(
    clusters.map((cluster) => put({ subject: 'statuses', payload: { clusters: [cluster], applications } })),
  );
  const relay = start();
  await relay.settled();
  expect(bus.published).toHaveLength(20);
  expect(bus.published.flatMap(({ payload }) => ('clusters' in payload ? payload.clusters : []))).toEqual(clusters);
  expect(await store.outbox(9)).toEqual([]);
  await relay.stop();
});

test('what the bus does not take stays, is tried again after pauses that grow, and at once when the bus is back', async () => {
  const { store, bus, clock, errors, heads, start } = setUp();
  bus.away(true);
  const relay = start();
  await store.write([bell(1)]);
  await relay.settled();
  expect(errors).toMatchObject([{ reason: 'BusUnavailable' }]);
  await store.write([bell(2)]);
  await relay.settled();
  expect(errors).toHaveLength(1);
  for (const [pauseMs, failures] of [
    [500, 2],
    [999, 2],
    [1, 3],
    [2_000, 4],
  ] as const) {
    clock.advance(pauseMs);
    await relay.settled();
    expect(errors).toHaveLength(failures);
  }
  expect(await store.outbox(9)).toHaveLength(2);
  bus.away(false);
  await relay.settled();
  expect(heads()).toEqual(['1', '2']);
  expect(await store.outbox(9)).toEqual([]);
  await relay.stop();
});

test('what was said before the bus failed is not said again', async () => {
  const { store, bus, clock, heads } = setUp();
  let left = 1;
  const failing = {
    ...bus,
    publish: ((subject, payload) => {
      left -= 1;
      if (left === -1) bus.away(true);
      return bus.publish(subject, payload);
    }) as typeof bus.publish,
  };
  await store.write([bell(1), bell(2)]);
  const relay = startRelay({ store, bus: failing, clock, onError: () => undefined });
  await relay.settled();
  expect((await store.outbox(9)).map(({ payload }) => payload)).toEqual([{ head: '2' }]);
  bus.away(false);
  await relay.settled();
  expect(heads()).toEqual(['1', '2']);
  await relay.stop();
});

test('an outbox that grew while the bus was away is made small, and asks for a look at everything', async () => {
  const { store, bus, start } = setUp();
  bus.away(true);
  const many = Array.from({ length: 3_500 }, (_, n): Change[] => [
    put({ subject: 'desired', payload: { clusters: [name(n)] } }),
    put({ subject: 'statuses', payload: { clusters: [name(n)], applications: [] } }),
    put({ subject: 'events', payload: {} }),
  ]);
  await store.write(many.flat());
  const relay = start();
  await relay.settled();
  expect((await store.outbox(10_000)).length).toBeLessThan(1_000);
  bus.away(false);
  await relay.settled();
  const said = new Set(bus.published.map(({ subject, payload }) => `${subject} ${JSON.stringify(payload)}`));
  for (const whole of ['desired {}', 'statuses {"clusters":[],"applications":[]}', 'events {}'])
    expect(said).toContain(whole);
  expect(await store.outbox(9)).toEqual([]);
  await relay.stop();
});

test('ten minutes without a bus leave a bounded outbox and few tries behind, and then a look at everything', async () => {
  const { store, bus, clock, errors, start } = setUp();
  bus.away(true);
  const relay = start();
  let most = 0;
  for (let second = 0; second < 600; second += 1) {
    const row = (n: number): Message => ({
      subject: 'statuses',
      payload: { clusters: [name((second * 200 + n) % 10_000)], applications: ['shop/web' as ApplicationId] },
    });
    await store.write(Array.from({ length: 200 }, (_, n) => put(row(n))));
    clock.advance(1_000);
    await relay.settled();
    most = Math.max(most, (await store.outbox(100_000)).length);
  }
  // What clusters say between two tries, and what a try leaves.
  expect(most).toBeLessThan(30 * 200 + 1_000);
  expect(errors.length).toBeLessThan(30);
  for (const error of errors) expect(error).toMatchObject({ reason: 'BusUnavailable' });
  bus.away(false);
  await relay.settled();
  expect(bus.published).toContainEqual({ subject: 'statuses', payload: { clusters: [], applications: [] } });
  expect(bus.published.length).toBeLessThan(100);
  expect(await store.outbox(9)).toEqual([]);
  await relay.stop();
});

test('a message that no bus will ever take does not hold up the rest', async () => {
  const { store, bus, clock, heads } = setUp();
  const errors: unknown[] = [];
  const refusing = {
    ...bus,
    publish: (async (subject, payload) => {
      if ('head' in payload && payload.head === '1') throw tooLong;
      await bus.publish(subject, payload);
    }) as typeof bus.publish,
  };
  await store.write([bell(1), bell(2)]);
  const relay = startRelay({ store, bus: refusing, clock, onError: (error) => errors.push(error) });
  await relay.settled();
  expect(heads()).toEqual(['2']);
  expect(errors).toHaveLength(1);
  expect(await store.outbox(9)).toEqual([]);
  await relay.stop();
});

test('what another process left behind is looked for now and then', async () => {
  const { store, bus, clock } = setUp();
  const asked: unknown[] = [];
  const rung = Promise.withResolvers<void>();
  const shared = {
    ...store,
    outbox: (limit: number, others?: { readonly afterMs: number }) => {
      if (asked.push(others?.afterMs) === 2) rung.resolve();
      return store.outbox(limit);
    },
  };
  const others = { afterMs: 20_000, everyMs: 15_000 };
  const relay = startRelay({ store: shared, bus, clock, onError: () => undefined, others });
  await relay.settled();
  clock.advance(15_000);
  await rung.promise;
  expect(asked).toEqual([20_000, 20_000]);
  await relay.stop();
});
