import type { ClusterName } from '@fairlead/core/model';
import { openNatsBus, type NatsBus } from '@fairlead/adapters/nats/bus';
import { manualClock, systemClock } from '@fairlead/ports/clock';
import { memoryStore, type Store } from '@fairlead/ports/store';
import { startRelay } from '@fairlead/shell/outbox';
import { startNatsServer, type NatsServer } from '@fairlead/testkit/nats';
import { afterEach, beforeEach, expect, test } from 'vitest';

let server: NatsServer;
let store: Store;
let buses: NatsBus[];

beforeEach(async () => {
  server = await startNatsServer();
  store = memoryStore();
  buses = [];
});
afterEach(async () => {
  await Promise.all(buses.map((bus) => bus.close()));
  await server.stop();
});

async function open(publishWithinMs: number): Promise<NatsBus> {
  const quiet = { onError: () => undefined, onProblem: () => undefined };
  const bus = await openNatsBus({ servers: server.url, name: 'test', clock: systemClock, publishWithinMs, ...quiet });
  buses.push(bus);
  return bus;
}

const key = (n: number): string => `value:${n}`;
const keys = 40;

/** Writes a new value of every key, each with its doorbell. */
async function write(value: number): Promise<void> {
  for (let n = 0; n < keys; n += 1)
    await store.write([
      { put: 'fact', key: key(n), value: { value } },
      { put: 'outbox', row: { subject: 'desired', payload: { clusters: [key(n) as ClusterName] } } },
    ]);
}

/** Someone in another process who knows values by reading them when a doorbell rings, and all of them when some were lost. */
function reader(bus: NatsBus) {
  const known = new Map<string, unknown>();
  const waiting = new Map<number, () => void>();
  const read = async (names: readonly string[]): Promise<void> => {
    for (const name of names) known.set(name, (await store.fact(name))?.['value']);
    for (const [value, resolve] of waiting) if (knows(value)) resolve();
  };
  const all = Array.from({ length: keys }, (_, n) => key(n));
  const knows = (value: number): boolean => all.every((name) => known.get(name) === value);
  bus.subscribe('desired', ({ clusters = [] }) => read(clusters), { lost: () => void read(all) });
  return {
    known,
    until: (value: number): Promise<void> =>
      knows(value) ? Promise.resolve() : new Promise((resolve) => void waiting.set(value, resolve)),
  };
}

test('a bus that is killed, wiped and set back between writes costs whoever reads a delay and nothing else', async () => {
  const [writing, reading] = [await open(10_000), await open(10_000)];
  const relay = startRelay({ store, bus: writing, onError: () => undefined });
  const someone = reader(reading);
  await write(1);
  await someone.until(1);
  const copy = await server.copyStore();
  await server.down();
  const second = write(2);
  await server.up();
  await second;
  await someone.until(2);
  const third = write(3);
  await server.restart({ whileDown: () => server.setBackStore(copy) });
  await third;
  await someone.until(3);
  const fourth = write(4);
  await server.restart({ whileDown: () => server.wipeStore() });
  await fourth;
  await someone.until(4);
  await expect.poll(() => store.outbox(9)).toEqual([]);
  await relay.stop();
});

test('while the bus is away the outbox keeps what is to be said; its return is what is waited for', async () => {
  const [writing, reading] = [await open(200), await open(200)];
  const errors: unknown[] = [];
  const told = Promise.withResolvers<void>();
  const relay = startRelay({
    store,
    bus: writing,
    // It stands still: nothing but the bus's own word makes the relay try again.
    clock: manualClock(),
    onError(error) {
      errors.push(error);
      told.resolve();
    },
  });
  const someone = reader(reading);
  await server.down();
  await write(1);
  await told.promise;
  expect(errors).toMatchObject([{ reason: 'BusUnavailable' }]);
  expect((await store.outbox(99)).length).toBe(keys);
  const back = new Promise<void>((resolve) => void writing.onRecovered(resolve));
  await server.up();
  await back;
  await relay.settled();
  await someone.until(1);
  expect(await store.outbox(9)).toEqual([]);
  await relay.stop();
});
