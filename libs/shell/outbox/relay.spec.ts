import { memoryBus } from '@fairlead/ports/bus';
import { memoryStore, type Change } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { startRelay } from './relay.ts';

const bell = (n: number): Change => ({ put: 'outbox', row: { subject: 'head', payload: { n } } });

test('what waited before the start and what comes later leaves in order, once', async () => {
  const [store, bus] = [memoryStore(), memoryBus()];
  await store.write([bell(1), bell(2)]);
  const relay = startRelay({ store, bus, onError: () => undefined });
  await relay.settled();
  await store.write([bell(3)]);
  await relay.settled();
  expect(bus.published.map(({ payload }) => (payload as { n?: number }).n)).toEqual([1, 2, 3]);
  expect(await store.outbox(9)).toEqual([]);
  await relay.stop();
});

test('more than one batch leaves without another ring', async () => {
  const [store, bus] = [memoryStore(), memoryBus()];
  await store.write(Array.from({ length: 600 }, (_, n) => bell(n)));
  const relay = startRelay({ store, bus, onError: () => undefined });
  await relay.settled();
  expect(bus.published).toHaveLength(600);
  await relay.stop();
});

test('what the bus does not take stays in the outbox and is told of', async () => {
  const [store, bus] = [memoryStore(), memoryBus()];
  const errors: unknown[] = [];
  await bus.close();
  const relay = startRelay({ store, bus, onError: (error) => errors.push(error) });
  await store.write([bell(1)]);
  await relay.settled();
  expect(errors).toHaveLength(1);
  expect(await store.outbox(9)).toHaveLength(1);
  await relay.stop();
});
