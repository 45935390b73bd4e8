import { FairleadError } from '@fairlead/core/model';
import { manualClock, type ManualClock } from '@fairlead/ports/clock';
import { memoryStore, type Store } from '@fairlead/ports/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startObserving, type Observing } from './index.ts';

let clock: ManualClock;
let store: Store;
let observing: Observing;
let address: string;
const lines: { facts: object; message: string }[] = [];

beforeEach(async () => {
  lines.length = 0;
  clock = manualClock(1_000_000);
  store = memoryStore();
  const line = (facts: object, message: string): void => void lines.push({ facts, message });
  observing = await startObserving({
    program: 'planner',
    instance: 'planner-1',
    version: '0.0.0',
    metrics: { host: '127.0.0.1', port: 0 },
    log: { info: line, warn: line, error: line },
    clock,
  });
  observing.started();
  address = observing.where.probes ?? '';
});

afterEach(() => observing.close());

async function get(path: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://${address}${path}`);
  return { status: answer.status, text: await answer.text() };
}

/** Lets time pass look by look; each look reads the store once. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5_000) {
    clock.advance(5_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a loop that stands is told by health, metric, log and journal, and taken back when it goes on', async () => {
  observing.outbox(store);
  let steps = 0;
  observing.watch({ name: 'plan', limitMs: 60_000, read: () => ({ hasWork: true, steps }) });
  await pass(30_000);
  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/metrics')).text).toContain('fairlead_loop_stalled{fairlead_loop="plan"} 0');
  await pass(60_000);
  expect(await get('/healthz')).toMatchObject({ status: 503, text: expect.stringContaining('"stalled"') as string });
  expect((await get('/metrics')).text).toContain('fairlead_loop_stalled{fairlead_loop="plan"} 1');
  expect(lines).toMatchObject([{ facts: { loop: 'plan' } }]);
  await vi.waitFor(async () =>
    expect(await store.events({ limit: 10 })).toMatchObject([
      { type: 'LoopStalled', reason: 'LoopStalled', message: expect.stringContaining('planner-1: ') as string },
    ]),
  );
  steps += 1;
  await pass(5_000);
  expect((await get('/healthz')).status).toBe(200);
  await vi.waitFor(async () => expect((await store.events({ limit: 10 })).at(-1)).toMatchObject({ reason: 'Current' }));
});

test('doorbells that nobody carries raise the alarm, and a relay that tries does not', async () => {
  const relayed = observing.outbox(store);
  await store.write([{ put: 'outbox', row: { subject: 'events', payload: {} } }]);
  for (let round = 0; round < 5; round += 1) {
    await relayed.outbox(256);
    await pass(60_000);
  }
  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/metrics')).text).toMatch(/^fairlead_outbox_age_seconds 2\d\d$/m);
  await pass(180_000);
  expect(JSON.parse((await get('/healthz')).text)).toMatchObject({ loops: [{ name: 'relay', state: 'Stalled' }] });
});

test('a process is unready for what it needs, by name', async () => {
  const away = new FairleadError('Cannot reach NATS.', { code: 'Unavailable', reason: 'HubUnreachable' });
  observing.needs({ name: 'store', problem: () => undefined });
  observing.needs({ name: 'bus', problem: () => away });
  expect(await get('/readyz')).toMatchObject({ status: 503 });
  expect(JSON.parse((await get('/readyz')).text)).toMatchObject({
    checks: { store: 'ok', bus: 'HubUnreachable: Cannot reach NATS.' },
  });
});

test('a process answers probes while it starts, and is unready until it has', async () => {
  const silent = (): void => undefined;
  const second = await startObserving({
    program: 'api',
    instance: 'api-1',
    version: '0.0.0',
    metrics: { host: '127.0.0.1', port: 0 },
    log: { info: silent, warn: silent, error: silent },
    clock,
  });
  expect((await fetch(`http://${second.where.probes}/readyz`)).status).toBe(503);
  second.started();
  expect((await fetch(`http://${second.where.probes}/readyz`)).status).toBe(200);
  await second.close();
});

test('a process without probes and traces keeps its parts as they are', async () => {
  const silent = (): void => undefined;
  const plain = await startObserving({
    program: 'hub',
    instance: 'hub-1',
    version: '0.0.0',
    log: { info: silent, warn: silent, error: silent },
    clock,
  });
  expect(plain.store(store, 'sqlite')).toBe(store);
  expect(plain.clock).toBe(clock);
  expect(plain.where).toEqual({});
  await plain.close();
});
