import type { ClusterName } from '@fairlead/core/model';
import { memoryBus } from '@fairlead/ports/bus';
import { manualClock } from '@fairlead/ports/clock';
import { memoryStore } from '@fairlead/ports/store';
import { startRecording, type Recording } from '@fairlead/testkit/otlp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { measuredBus, measuredStore, tracedSteps, traceparentNow, untracedClock } from '../index.ts';

let recording: Recording;

beforeEach(() => {
  recording = startRecording();
});

afterEach(() => recording.stop());

const named = (name: string) => recording.spans().find((span) => span.name === name);

test('a doorbell is handled in the trace in which it was rung', async () => {
  const inner = memoryBus();
  const bus = measuredBus(inner, { system: 'nats' });
  bus.subscribe('source', () => tracedSteps.run('plan', async () => undefined));
  await tracedSteps.run('fetch source', () => bus.publish('source', { url: 'https://git.example/web', key: 'k' }));
  await inner.settled();
  expect(named('plan')).toMatchObject({ parent: named('fetch source')?.id, trace: named('fetch source')?.trace });
});

test('a doorbell that was rung in no trace is handled in none', async () => {
  const inner = memoryBus();
  const bus = measuredBus(inner, { system: 'in_process' });
  bus.subscribe('events', () => tracedSteps.run('read', async () => undefined));
  await bus.publish('events', {});
  await inner.settled();
  expect(named('read')?.parent).toBeUndefined();
  expect(inner.published).toEqual([{ subject: 'events', payload: {} }]);
});

test('what is written to the outbox says what it belongs to, whoever carries it later', async () => {
  const store = measuredStore(memoryStore(), { system: 'memory' });
  const payload = { clusters: ['dev-1' as ClusterName] };
  const here = await tracedSteps.run('plan', async () => {
    await store.write([{ put: 'outbox', row: { subject: 'desired', payload } }]);
    return traceparentNow();
  });
  await tracedSteps.run('someone else', () => store.write([{ put: 'fact', key: 'hub', value: { epoch: 1 } }]));
  expect((await store.outbox(10)).map((row) => row.payload)).toEqual([{ ...payload, traceparent: here }]);
  expect(await store.fact('hub')).toEqual({ epoch: 1 });
});

test('the relay that a write wakes is not part of its trace', async () => {
  const store = measuredStore(memoryStore(), { system: 'memory' });
  const seen: (string | undefined)[] = [];
  store.onOutbox(() => void seen.push(traceparentNow()));
  await tracedSteps.run('plan', () => store.write([{ put: 'outbox', row: { subject: 'events', payload: {} } }]));
  expect(seen).toEqual([undefined]);
});

test('a timer is not part of the trace in which it was set', async () => {
  const manual = manualClock();
  const clock = untracedClock(manual);
  const seen: (string | undefined)[] = [];
  await tracedSteps.run('webhook', async () => {
    clock.after(1_000, () => void seen.push(traceparentNow()));
    manual.advance(1_000);
  });
  expect(seen).toEqual([undefined]);
});

test('calls of the store are timed by operation, and failures by their reason', async () => {
  const store = measuredStore(memoryStore(), { system: 'postgresql' });
  await store.counts();
  await store.write([]).then(() => store.write([], { fence: 7 }).catch(() => undefined));
  const text = await recording.metrics();
  const labels = 'db_system_name="postgresql",db_operation_name';
  expect(text).toContain(`db_client_operation_duration_count{${labels}="counts"} 1`);
  expect(text).toContain(`db_client_operation_duration_count{${labels}="write"} 1`);
  expect(text).toMatch(/db_client_operation_duration_count\{.*="write",error_type="\w+"\} 1/);
  expect(text).toContain('fairlead_store_waiting 0');
});

test('doorbells are counted by subject, those that failed by their reason, and lost ones', async () => {
  const inner = memoryBus();
  const bus = measuredBus(inner, { system: 'nats' });
  bus.subscribe('head', () => Promise.reject(new Error('not now')), { lost: () => undefined });
  await bus.publish('head', {});
  await inner.settled();
  const text = await recording.metrics();
  expect(text).toMatch(/messaging_client_sent_messages_total\{.*destination_name="head".*\} 1/);
  expect(text).toMatch(/messaging_process_duration_count\{.*="head".*error_type="InternalError"\} 3/);
  expect(text).toMatch(/fairlead_bus_lost_total\{.*="head"\} 1/);
});
