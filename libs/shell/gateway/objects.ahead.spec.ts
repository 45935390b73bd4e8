import { memoryStore, type Change, type Store } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { assignment, bundleOf, digestOf, hub, joined, planned, shop } from './harness.ts';
import { Shelf } from './objects.ts';
import { defaultLimits } from './ports.ts';

const old = bundleOf('web/shop', ['one', 'two', 'three']);
const now = bundleOf('web/shop', ['one', 'two', 'four']);
const before = digestOf('the root before');
const after = digestOf('the root after');

async function shelfOf(store: Store, limits = {}): Promise<Shelf> {
  const shelf = new Shelf(store, { ...defaultLimits, ...limits });
  shelf.reachOf(before, [assignment('web/shop', old.digest, 1)]);
  shelf.reachOf(after, [assignment('web/shop', now.digest, 2)]);
  return shelf;
}

async function stocked(more: readonly Change[] = []): Promise<Store> {
  const store = memoryStore();
  await store.write([...old.blobs, ...now.blobs, ...more]);
  return store;
}

const digestsOf = (messages: Awaited<ReturnType<Shelf['ahead']>>) =>
  messages.flatMap(({ blobs }) => blobs.map(({ digest }) => digest));

test('what changed is sent with the desired state, and nothing needs to be asked for', async () => {
  const at = await hub();
  const first = planned({ epoch: 1, generation: 1 }, [assignment('web/shop', old.digest, 1)]);
  await at.store.write([...old.blobs, ...now.blobs, ...first]);
  const agent = await joined(at);
  const { head } = await agent.next('Desired');
  const { position, root } = JSON.parse(new TextDecoder().decode(head.bytes));
  await agent.connection.send({ type: 'Ack', session: agent.session, position, root });
  await at.bus.settled();
  await at.store.write(planned({ epoch: 1, generation: 2 }, [assignment('web/shop', now.digest, 2)]));
  await at.bus.publish('desired', { clusters: [shop] });
  await agent.next('Desired');
  const ahead = agent.heard.filter((message) => message.type === 'Objects');
  expect(ahead.flatMap(({ blobs }) => blobs.map(({ digest }) => digest))).toEqual([digestOf('four'), now.digest]);
});

test('all clusters get the same message, so that it is encoded once', async () => {
  const shelf = await shelfOf(await stocked());
  const [one, two] = await Promise.all([shelf.ahead({ before, after }), shelf.ahead({ before, after })]);
  expect(digestsOf(one)).toEqual([digestOf('four'), now.digest]);
  expect(two[0]).toBe(one[0]);
  expect((await shelf.ahead({ before, after }))[0]).toBe(one[0]);
});

test('a secret is never sent unasked', async () => {
  const data = new TextEncoder().encode('four');
  const shelf = await shelfOf(await stocked([{ put: 'blob', row: { digest: digestOf('four'), data, secret: true } }]));
  expect(digestsOf(await shelf.ahead({ before, after }))).toEqual([now.digest]);
});

test('nothing is sent ahead from a state that is not known here, or where it is much', async () => {
  const store = await stocked();
  const shelf = await shelfOf(store);
  expect(await shelf.ahead({ before: digestOf('another root'), after })).toEqual([]);
  expect(await (await shelfOf(store, { partBytes: 10 })).ahead({ before, after })).toEqual([]);
});
