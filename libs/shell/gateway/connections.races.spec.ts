import type { Store } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { connect, digestOf, hub, joined, shop, type Hub } from './harness.ts';

const elsewhere = { agentVersion: '', kubernetesVersion: '', gateway: 'gateway-2' };

/** Lets something happen right after a call of the store was carried out, before its caller hears of it. */
function afterCall(at: Hub, method: 'clusters' | 'raiseSession', happens: () => Promise<unknown>): void {
  const call = at.store[method] as (...given: unknown[]) => Promise<unknown>;
  at.store[method] = (async (...given: unknown[]) => {
    at.store[method] = call as never;
    const answer = await call(...given);
    await happens();
    return answer;
  }) as Store[typeof method] as never;
}

test('a cluster that says Hello at another gateway is not noted as unreached by what was read before', async () => {
  const at = await hub();
  const agent = await joined(at);
  agent.connection.close();
  await agent.connection.closed;
  afterCall(at, 'clusters', () => at.store.raiseSession(shop, { ...elsewhere, nowMs: at.clock.now() }));
  await at.bus.publish('desired', { clusters: [shop] });
  await at.bus.settled();
  expect(await at.store.cluster(shop)).toMatchObject({ connected: true, gateway: 'gateway-2' });
  expect(await at.store.cluster(shop)).not.toHaveProperty('unansweredSinceMs');
  expect(at.errors).toEqual([]);
});

test('what was noted while the gateway was taken for dead is taken back with its claim', async () => {
  const at = await hub();
  await joined(at);
  await at.store.beat({ instance: 'gateway-1', role: 'gateway', ttlMs: 0 });
  await at.store.sweepInstances();
  await at.store.write([{ put: 'contact', row: { cluster: shop, unansweredSinceMs: at.clock.now() } }]);
  await at.gateway.beaten(await at.store.beat({ instance: 'gateway-1', role: 'gateway', ttlMs: 60_000 }));
  expect(await at.store.cluster(shop)).toMatchObject({ connected: true });
  expect(await at.store.cluster(shop)).not.toHaveProperty('unansweredSinceMs');
});

test('a stream that ends while its session is being raised says farewell', async () => {
  const at = await hub();
  at.ledger.set(shop, { key: digestOf(`key-of-${shop}`) });
  const agent = await connect(at);
  afterCall(at, 'raiseSession', async () => {
    agent.connection.close();
    await agent.connection.closed;
  });
  void agent.hello();
  await expect.poll(() => at.store.cluster(shop)).toMatchObject({ session: 1, connected: false });
});

test('a Hello that waited until its stream was over raises no session', async () => {
  const at = await hub({ burst: 1, perSecond: 1 });
  const agent = await joined(at);
  void agent.hello();
  await joined(at);
  at.clock.advance(1_000);
  await at.gateway.beaten(false);
  expect(await at.store.cluster(shop)).toMatchObject({ session: 2, connected: true });
});

/** A member whose stream ended while the store took no writes; gives back what lets the store take them again. */
async function leftWhileAway(at: Hub): Promise<() => void> {
  const agent = await joined(at);
  const { write } = at.store;
  at.store.write = async () => {
    throw new Error('the database is away');
  };
  agent.connection.close();
  await expect.poll(() => at.errors).toHaveLength(1);
  return () => void (at.store.write = write);
}

test('a farewell that the store did not take is said after a beat, with when the cluster was heard', async () => {
  const at = await hub();
  const heardAtMs = at.clock.now();
  const back = await leftWhileAway(at);
  at.clock.advance(10_000);
  await at.gateway.beaten(false);
  expect(await at.store.cluster(shop)).toMatchObject({ connected: true });
  expect(at.errors).toHaveLength(2);
  back();
  await at.gateway.beaten(false);
  expect(await at.store.cluster(shop)).toMatchObject({ connected: false, lastHeardAtMs: heardAtMs });
  const rung = await at.store.outbox(9);
  expect(rung.filter(({ subject }) => subject === 'statuses')).toHaveLength(2);
  await at.gateway.beaten(false);
  expect(await at.store.outbox(9)).toEqual(rung);
});

test('a farewell that is owed does not touch the stream that came after it', async () => {
  const at = await hub();
  const back = await leftWhileAway(at);
  back();
  await joined(at);
  await at.gateway.beaten(false);
  expect(await at.store.cluster(shop)).toMatchObject({ connected: true, session: 2 });
  expect(at.errors).toHaveLength(1);
});
