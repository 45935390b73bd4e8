import { manualClock } from '@fairlead/ports/clock';
import { memoryStore } from '@fairlead/ports/store';
import { leaderKey } from '@fairlead/shell/leader';
import { expect, test } from 'vitest';
import { watchLeader } from './leader.ts';

test('a planner that gives no sign of life is told of with its age, and no more once it does', async () => {
  const [store, clock] = [memoryStore(), manualClock()];
  const silent = watchLeader({ store, clock });
  const live = (beat: number) => store.write([{ put: 'fact', key: leaderKey, value: { instance: 'a', beat } }]);
  await live(1);
  expect(await silent()).toBeUndefined();
  clock.advance(60_000);
  await live(2);
  expect(await silent()).toBeUndefined();
  clock.advance(90_000);
  expect(await silent()).toMatchObject({ reason: 'PlannerSilent', message: expect.stringContaining('90 s') });
  await live(3);
  expect(await silent()).toBeUndefined();
});

test('an api that nobody asked for an hour calls nobody silent by that alone', async () => {
  const [store, clock] = [memoryStore(), manualClock()];
  const silent = watchLeader({ store, clock });
  await store.write([{ put: 'fact', key: leaderKey, value: { instance: 'a', beat: 1 } }]);
  await silent();
  clock.advance(3_600_000);
  await store.write([{ put: 'fact', key: leaderKey, value: { instance: 'a', beat: 180 } }]);
  expect(await silent()).toBeUndefined();
});
