import { calm, followJournal, setScene, type Journal, type Scene, type Simulator } from '@fairlead/testkit/simulator';
import { afterAll, beforeAll, expect, test } from 'vitest';

const clusters = 50;
const timeoutMs = 120_000;

let scene: Scene;
let simulator: Simulator;
let journal: Journal;

beforeAll(async () => {
  scene = await setScene({
    clusters,
    processes: 2,
    objects: 5,
    behaviour: { ...calm, verifyShare: 1, health: { leastMs: 0, mostMs: 200 } },
  });
  journal = await followJournal(scene.hub);
  simulator = scene.connect();
  await journal.next(({ type }) => type === 'RolloutOver', { what: 'the first rollout to be over', timeoutMs });
});
afterAll(async () => {
  journal.close();
  await scene.stop();
});

test('fifty simulated clusters get the first release, each object once', async () => {
  const tally = await simulator.fresh();
  // Attempts that failed are not counted: a hub that has not read its ledger yet sends agents away, and they come back.
  expect(tally).toMatchObject({ agents: clusters, connected: clusters, states: { Healthy: clusters } });
  // An index and five objects for each.
  expect(tally.blobs).toBe(clusters * 6);
});

test('a change of one object costs each cluster the index and that object', async () => {
  const before = await simulator.fresh();
  const pushed = new Set<string>();
  const stop = scene.git.onRefUpdate(({ repository, after }) => {
    if (repository === 'fleet' && after !== undefined) pushed.add(after);
  });
  await scene.change(1);
  const over = await journal.next(({ type, attempt }) => type === 'RolloutOver' && pushed.has(attempt ?? ''), {
    what: 'the change to be everywhere',
    timeoutMs,
  });
  stop();
  const after = await simulator.fresh();
  expect(await simulator.times(`Healthy:${over.attempt}`)).toHaveLength(clusters);
  expect(after.blobs - before.blobs).toBe(clusters * 2);
});

test('a killed hub finds every cluster as it was, and sends nothing again', async () => {
  await scene.hub.kill();
  await simulator.until(({ connected }) => connected === 0, { what: 'every agent to notice', timeoutMs });
  const before = await simulator.fresh();
  await scene.hub.start();
  await simulator.until(({ verified }) => verified === clusters, { what: 'every agent back', timeoutMs });
  const after = await simulator.fresh();
  expect(after.received['Desired']).toBe(before.received['Desired']);
  expect(after.blobs).toBe(before.blobs);
  expect(after.sent['StatusDelta']).toBe(before.sent['StatusDelta']);
});
