import type { Digest, FairleadError } from '@fairlead/core/model';
import { manualClock } from '@fairlead/ports/clock';
import { assignmentRow, digestOf } from '@fairlead/ports/contracts/store';
import { memoryStore, type Change, type Store } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { keepForAWhile, sweepBlobs } from './retention.ts';

const dayMs = 86_400_000;
const week = { unusedForMs: 7 * dayMs };

function setUp() {
  const clock = manualClock(1_000 * dayMs);
  return { clock, store: memoryStore({ now: () => clock.now() }) };
}

const blob = (digest: Digest, text = 'x'): Change => ({
  put: 'blob',
  row: { digest, data: new TextEncoder().encode(text), secret: false },
});

/** An index over objects, their blobs, and the fact that answers its render. */
const bundle = (digest: Digest, objects: readonly Digest[]): Change[] => [
  blob(digest, JSON.stringify({ objects: objects.map((one) => ({ digest: one })) })),
  ...objects.map((one) => blob(one)),
  { put: 'fact', key: `bundle:of-${digest}`, value: { digest } },
];

const [old, shared, own] = [digestOf('a0'), digestOf('a1'), digestOf('a2')];
const [live, alive] = [digestOf('b0'), digestOf('b1')];

const assign = (digest: Digest): Change => {
  const row = assignmentRow('one', 'web/shop', 'dev');
  return { put: 'assignment', row: { ...row, ...(row.entry && { entry: { ...row.entry, bundle: digest } }) } };
};

const kept = async (store: Store, ...digests: Digest[]): Promise<Digest[]> =>
  (await store.blobs(digests)).map((row) => row.digest);

test('what a cluster is to run stays, however old it is; the rest goes with the answer of its render', async () => {
  const { clock, store } = setUp();
  await store.write([...bundle(old, [shared, own]), ...bundle(live, [shared, alive]), assign(live)]);
  clock.advance(8 * dayMs);
  expect(await sweepBlobs(store, week)).toBe(2);
  expect(await kept(store, old, shared, own, live, alive)).toEqual([shared, live, alive]);
  expect([...(await store.facts('bundle:')).values()]).toEqual([{ digest: live }]);
  expect(await sweepBlobs(store, week)).toBe(0);
});

test('what was put or asked for within the time stays, with all that it reaches', async () => {
  const { clock, store } = setUp();
  await store.write([...bundle(old, [shared, own]), ...bundle(live, [alive])]);
  clock.advance(5 * dayMs);
  expect(await store.missingBlobs([old])).toEqual([]);
  clock.advance(5 * dayMs);
  expect(await sweepBlobs(store, week)).toBe(2);
  expect(await kept(store, old, shared, own, live, alive)).toEqual([old, shared, own]);
});

test('a bundle that is asked for while it is swept stays whole', async () => {
  const { clock, store } = setUp();
  await store.write(bundle(old, [shared, own]));
  clock.advance(8 * dayMs);
  const disturbed: Store = {
    ...store,
    async dropBlobs(digests, filter) {
      await store.missingBlobs([old]);
      return store.dropBlobs(digests, filter);
    },
  };
  expect(await sweepBlobs(disturbed, week)).toBe(0);
  expect(await kept(store, old, shared, own)).toEqual([old, shared, own]);
});

test('it sweeps once a day, and goes on after a failure', async () => {
  const { clock, store } = setUp();
  const problems: FairleadError[] = [];
  let asked = 0;
  const counting: Store = {
    ...store,
    async unusedBlobs() {
      asked += 1;
      if (asked === 1) throw new Error('away');
      return [];
    },
  };
  const stop = keepForAWhile({ store: counting, clock, onProblem: (problem) => problems.push(problem) });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  for (let day = 0; day < 3; day += 1) {
    clock.advance(dayMs);
    await settled();
  }
  stop();
  clock.advance(dayMs);
  await settled();
  expect(asked).toBe(3);
  expect(problems.map((problem) => problem.message)).toEqual(['away']);
});
