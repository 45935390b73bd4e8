import { startRecording, type Recording } from '@fairlead/testkit/otlp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { observeState } from './index.ts';

let recording: Recording;

beforeEach(() => {
  recording = startRecording();
});

afterEach(() => recording.stop());

test('the state of the fleet is a few gauges, whatever its size', async () => {
  const counts = {
    clusters: 10_000,
    connected: 9_990,
    sync: { InSync: 99_000 },
    health: { Healthy: 98_000 },
    drift: {},
  };
  observeState({ counts: async () => counts, rollouts: () => ({ Promoting: 2, Over: 40 }), leading: () => true });
  const text = await recording.metrics();
  expect(text).toContain('fairlead_clusters{fairlead_connection="Connected"} 9990');
  expect(text).toContain('fairlead_clusters{fairlead_connection="Disconnected"} 10');
  expect(text).toContain('fairlead_applications{fairlead_aspect="sync",fairlead_state="InSync"} 99000');
  expect(text).toContain('fairlead_rollouts{fairlead_state="Promoting"} 2');
  expect(text).toContain('fairlead_leader 1');
  expect(text.split('\n').filter((line) => line.startsWith('fairlead_'))).toHaveLength(7);
});

test('a loop that stands is 1, and what waits in the outbox has an age', async () => {
  observeState({
    loops: () => [
      { name: 'planner', state: 'Stalled', waitedMs: 130_000 },
      { name: 'relay', state: 'Working', waitedMs: 5_000 },
    ],
    outbox: () => ({ messages: 3, ageMs: 5_000 }),
    planned: () => 12,
  });
  const text = await recording.metrics();
  expect(text).toContain('fairlead_loop_stalled{fairlead_loop="planner"} 1');
  expect(text).toContain('fairlead_loop_stalled{fairlead_loop="relay"} 0');
  expect(text).toContain('fairlead_loop_waited{fairlead_loop="planner"} 130');
  expect(text).toContain('fairlead_outbox_messages 3');
  expect(text).toContain('fairlead_outbox_age 5');
  expect(text).toContain('fairlead_planner_units_total 12');
});

test('a store that does not answer leaves its own gauges out, and no others', async () => {
  observeState({ counts: () => Promise.reject(new Error('away')), leading: () => false });
  const text = await recording.metrics();
  expect(text).not.toContain('fairlead_clusters{');
  expect(text).toContain('fairlead_leader 0');
});
