import type { ClusterName } from '@fairlead/core/model';
import { manualClock, type ManualClock } from '@fairlead/ports/clock';
import { startRecording, type Recording } from '@fairlead/testkit/otlp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followDeliveries, tracedSteps, traceparentNow, type AttemptTrace, type Deliveries } from '../index.ts';

let recording: Recording;
let clock: ManualClock;
let deliveries: Deliveries;
let attempt: AttemptTrace;

beforeEach(async () => {
  recording = startRecording();
  clock = manualClock(1_000_000);
  deliveries = followDeliveries(clock);
  attempt = await tracedSteps.run('plan', async () => {
    const traceparent = traceparentNow();
    return { attempt: 'a'.repeat(40), atMs: clock.now(), ...(traceparent === undefined ? {} : { traceparent }) };
  });
});

afterEach(() => {
  deliveries.close();
  recording.stop();
});

const name = (index: number): ClusterName => `c-${index}` as ClusterName;
const told = (word: string) => recording.spans().filter((span) => span.name === word);

/** Sends to so many clusters, and lets each answer a millisecond after the one before. */
function deliver(clusters: number): void {
  const sentAtMs = clock.now();
  for (let index = 0; index < clusters; index += 1) deliveries.sent(attempt);
  for (let index = 0; index < clusters; index += 1) {
    clock.advance(1);
    deliveries.arrived(attempt, { cluster: name(index), stage: 'Received', fromMs: sentAtMs, sentAtMs });
    deliveries.arrived(attempt, { cluster: name(index), stage: 'Applied', fromMs: clock.now(), sentAtMs });
  }
}

test('a delivery to three clusters is one span with all three below it, in the trace of the attempt', () => {
  deliver(3);
  const [delivery] = told('deliver');
  const [plan] = told('plan');
  expect(delivery).toMatchObject({ trace: plan?.trace, parent: plan?.id, durationMs: 3 });
  expect(delivery?.attributes).toMatchObject({ 'fairlead.clusters.sent': 3, 'fairlead.clusters.applied': 3 });
  const clusters = told('cluster applied');
  expect(clusters.map(({ attributes }) => attributes['fairlead.cluster'])).toEqual(['c-0', 'c-1', 'c-2']);
  expect(clusters.every(({ parent }) => parent === delivery?.id)).toBe(true);
});

test('a delivery to ten thousand clusters is a bounded number of spans, and the last cluster is among them', async () => {
  deliver(10_000);
  const applied = told('cluster applied').map(({ attributes }) => attributes['fairlead.cluster']);
  expect(recording.spans().length).toBeLessThan(100);
  expect(applied).toContain('c-9999');
  expect(told('deliver')[0]?.attributes).toMatchObject({ 'fairlead.clusters.applied': 10_000 });
  expect(await recording.metrics()).toContain(
    'fairlead_delivery_duration_count{fairlead_delivery_stage="Applied"} 10000',
  );
  expect(await recording.metrics()).toContain('fairlead_commit_receipt_duration_count 10000');
});

test('however slow each next one is, the number of spans is bounded', () => {
  const sentAtMs = clock.now();
  for (let index = 0; index < 2_000; index += 1) deliveries.sent(attempt);
  for (let index = 0; index < 2_000; index += 1) {
    // As if each were twice as late as the one before.
    const fromMs = sentAtMs - 2 ** Math.min(index, 40);
    deliveries.arrived(attempt, { cluster: name(index), stage: 'Applied', fromMs, sentAtMs });
  }
  expect(told('cluster applied').length).toBeLessThanOrEqual(201);
});

test('a delivery that some clusters never answer ends when nothing more comes, and says how many are missing', () => {
  deliveries.sent(attempt);
  deliveries.sent(attempt);
  deliveries.arrived(attempt, { cluster: name(1), stage: 'Failed', fromMs: clock.now(), sentAtMs: clock.now() });
  expect(told('deliver')).toEqual([]);
  clock.advance(30_000);
  expect(told('deliver')[0]?.attributes).toMatchObject({
    'fairlead.clusters.sent': 2,
    'fairlead.clusters.applied': 0,
    'fairlead.clusters.failed': 1,
  });
});

test('attempts without a trace are timed and make no spans', async () => {
  const { traceparent: _, ...untraced } = attempt;
  deliveries.sent(untraced);
  clock.advance(250);
  const fromMs = clock.now() - 250;
  deliveries.arrived(untraced, { cluster: name(1), stage: 'Applied', fromMs, sentAtMs: fromMs });
  expect(told('deliver')).toEqual([]);
  expect(await recording.metrics()).toContain('fairlead_delivery_duration_sum{fairlead_delivery_stage="Applied"} 0.25');
});

test('an open delivery is told of when the process ends', () => {
  deliveries.sent(attempt);
  deliveries.close();
  expect(told('deliver')).toHaveLength(1);
});
