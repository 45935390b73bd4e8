import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { Cache } from './cache.ts';
import { assignment, bundleOf, digestOf, hub, joined, planned, shop } from './harness.ts';
import { packed, Shelf } from './objects.ts';
import { defaultLimits } from './ports.ts';

const mine = bundleOf('web/shop', ['one', 'two']);
const theirs = bundleOf('bank/vault', ['secret', 'two']);

async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function stocked() {
  const store = memoryStore();
  await store.write([
    ...mine.blobs,
    ...theirs.blobs,
    ...planned({ epoch: 1, generation: 1 }, [assignment('web/shop', mine.digest, 1)]),
    ...planned({ epoch: 1, generation: 1 }, [assignment('bank/vault', theirs.digest, 1)], 'bank' as never),
  ]);
  return store;
}

test('a cluster gets what its own assignments reach, and all else counts as missing', async () => {
  const at = await hub();
  await at.store.write([
    ...mine.blobs,
    ...theirs.blobs,
    ...planned({ epoch: 1, generation: 1 }, [assignment('web/shop', mine.digest, 1)]),
  ]);
  const agent = await joined(at);
  await agent.next('Desired');
  const wanted = [
    mine.digest,
    digestOf('one'),
    digestOf('two'),
    digestOf('secret'),
    theirs.digest,
    digestOf('nowhere'),
  ];
  await agent.connection.send({ type: 'Want', digests: wanted });
  const found = await agent.next('Objects');
  expect(found.blobs.map((part) => part.digest)).toEqual(wanted.slice(0, 3));
  expect((await agent.next('Objects')).missing).toEqual(wanted.slice(3));
});

test('a tombstone reaches nothing any more', async () => {
  const store = await stocked();
  const { entry, ...row } = assignment('web/shop', mine.digest, 2);
  const tombstone = { application: row.application, commit: entry?.attempt as never, acknowledged: {} };
  await store.write([{ put: 'assignment', row: { ...row, tombstone } }]);
  const shelf = new Shelf(store, defaultLimits);
  const messages = await collected(shelf.answer(shop, { wanted: [mine.digest, digestOf('one')] }));
  expect(messages).toEqual([{ type: 'Objects', blobs: [], missing: [mine.digest, digestOf('one')] }]);
});

test('an index and an object are read from the store once for all agents', async () => {
  const store = await stocked();
  const read: string[] = [];
  const counting = {
    ...store,
    blobs: (digests: Parameters<typeof store.blobs>[0]) => (read.push(...digests), store.blobs(digests)),
  };
  const shelf = new Shelf(counting, defaultLimits);
  for (let agent = 0; agent < 3; agent += 1) await collected(shelf.answer(shop, { wanted: [digestOf('one')] }));
  expect(read.toSorted()).toEqual([mine.digest, digestOf('one')].toSorted());
});

test('a secret is read anew for each agent', async () => {
  const store = await stocked();
  const data = new TextEncoder().encode('one');
  await store.write([{ put: 'blob', row: { digest: digestOf('one'), data, secret: true } }]);
  let reads = 0;
  const counting = {
    ...store,
    blobs: (digests: Parameters<typeof store.blobs>[0]) => (
      (reads += digests.includes(digestOf('one')) ? 1 : 0),
      store.blobs(digests)
    ),
  };
  const shelf = new Shelf(counting, defaultLimits);
  for (let agent = 0; agent < 2; agent += 1) await collected(shelf.answer(shop, { wanted: [digestOf('one')] }));
  expect(reads).toBe(2);
});

test('large blobs travel in parts, small ones together, and come out whole', () => {
  const sizes = [10, 0, 25, 3, 4, 10];
  const rows = sizes.map((size, at) => ({ digest: digestOf(String(at)), data: new Uint8Array(size).fill(at) }));
  const messages = [...packed(rows, 10)];
  for (const parts of messages) {
    const bytes = parts.reduce((sum, part) => sum + part.data.length, 0);
    expect(bytes).toBeLessThanOrEqual(10);
  }
  const whole = rows.map((row) => {
    const parts = messages.flat().filter((part) => part.digest === row.digest);
    expect(parts.map((part) => part.part)).toEqual(parts.map((_, at) => at));
    expect(parts.every((part) => part.parts === parts.length)).toBe(true);
    return { digest: row.digest, data: new Uint8Array(Buffer.concat(parts.map((part) => part.data))) };
  });
  expect(whole).toEqual(rows);
  expect(messages.length).toBe(6);
});

test('the cache keeps what was used last, within its weight', () => {
  const cache = new Cache<string, number>(10);
  cache.put('a', { value: 1, weight: 4 });
  cache.put('b', { value: 2, weight: 4 });
  expect(cache.get('a')).toBe(1);
  cache.put('c', { value: 3, weight: 4 });
  cache.put('huge', { value: 4, weight: 11 });
  expect(['a', 'b', 'c', 'huge'].map((key) => cache.get(key))).toEqual([1, undefined, 3, undefined]);
});
