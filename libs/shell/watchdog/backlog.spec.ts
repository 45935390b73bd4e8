import { manualClock } from '@fairlead/ports/clock';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { watchBacklog } from './index.ts';

const message = { put: 'outbox', row: { subject: 'events', payload: {} } } as const;

test('an empty outbox is no work', async () => {
  const backlog = watchBacklog(memoryStore(), manualClock());
  expect(await backlog.read()).toMatchObject({ hasWork: false });
  expect(backlog.waiting()).toEqual({ messages: 0, ageMs: 0 });
});

test('a message that stays grows old, and without a relay no step is made', async () => {
  const clock = manualClock();
  const store = memoryStore();
  const backlog = watchBacklog(store, clock);
  await store.write([message, message]);
  const first = await backlog.read();
  clock.advance(90_000);
  expect(await backlog.read()).toEqual({ hasWork: true, steps: first.steps });
  expect(backlog.waiting()).toEqual({ messages: 2, ageMs: 90_000 });
});

test('a relay that looks makes steps, also when it cannot carry', async () => {
  const store = memoryStore();
  const backlog = watchBacklog(store, manualClock());
  await store.write([message]);
  const first = await backlog.read();
  await backlog.store.outbox(256);
  expect((await backlog.read()).steps).toBeGreaterThan(first.steps);
});

test('an outbox that is carried moves on', async () => {
  const clock = manualClock();
  const store = memoryStore();
  const backlog = watchBacklog(store, clock);
  await store.write([message, message]);
  const first = await backlog.read();
  clock.advance(5_000);
  const [oldest] = await store.outbox(1);
  await store.write([{ drop: 'outbox', ids: [oldest?.id ?? 0] }]);
  expect((await backlog.read()).steps).toBeGreaterThan(first.steps);
  expect(backlog.waiting()).toEqual({ messages: 1, ageMs: 0 });
});
