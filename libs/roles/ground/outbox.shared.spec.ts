import { openPostgresStore } from '@fairlead/adapters/store';
import { memoryBus, type MemoryBus, type Message } from '@fairlead/ports/bus';
import { manualClock } from '@fairlead/ports/clock';
import type { Change, Store } from '@fairlead/ports/store';
import { startRelay } from '@fairlead/shell/outbox';
import { startPostgres, type PostgresServer } from '@fairlead/testkit/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

let server: PostgresServer;
let one: Store;
let other: Store;
let bus: MemoryBus;
beforeAll(async () => {
  server = await startPostgres({ durable: false });
});
afterAll(() => server.stop());
beforeEach(async () => {
  const database = await server.createDatabase();
  const open = () => openPostgresStore({ ...database, key: new Uint8Array(32) });
  [one, other] = [await open(), await open()];
  bus = memoryBus();
});
afterEach(async () => {
  await one.close();
  await other.close();
});

const bell = (head: string): Change => ({ put: 'outbox', row: { subject: 'fleet', payload: { head } } });
const headOf = ({ payload }: Message): string => ('head' in payload ? payload.head : '');
const onError = (error: unknown): void => {
  throw error;
};

test('two processes on one PostgreSQL carry what each wrote, once and in order', async () => {
  const others = { afterMs: 3_600_000, everyMs: 3_600_000 };
  const clock = manualClock();
  const relays = [one, other].map((store) => startRelay({ store, bus, clock, onError, others }));
  for (let n = 0; n < 50; n += 1) await Promise.all([one.write([bell(`one ${n}`)]), other.write([bell(`other ${n}`)])]);
  await Promise.all(relays.map((relay) => relay.stop()));
  const said = bus.published.map(headOf);
  for (const writer of ['one', 'other'])
    expect(said.filter((head) => head.startsWith(`${writer} `))).toEqual(
      Array.from({ length: 50 }, (_, n) => `${writer} ${n}`),
    );
  expect(await one.outbox(9)).toEqual([]);
});

test('what a process left behind that died before it reached the bus is carried by another', async () => {
  // It writes, and has no relay any more.
  await one.write([bell('a'), bell('b')]);
  const clock = manualClock();
  const heard = new Promise<void>((resolve) => {
    bus.subscribe('fleet', ({ head }) => {
      if (head === 'b') resolve();
    });
  });
  const patient = startRelay({ store: other, bus, clock, onError, others: { afterMs: 3_600_000, everyMs: 1_000 } });
  await patient.settled();
  expect(bus.published).toEqual([]);
  await patient.stop();
  const relay = startRelay({ store: other, bus, clock, onError, others: { afterMs: 0, everyMs: 1_000 } });
  await heard;
  await relay.stop();
  expect(bus.published.map(headOf)).toEqual(['a', 'b']);
  expect(await other.outbox(9)).toEqual([]);
});
