import type { ClusterName } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { assignment, connect, deaf, digestOf, hub, joined, noStatus, planned, shop } from './harness.ts';
import { Throttle } from './throttle.ts';

test('a caller that is no member is refused, and one with another key', async () => {
  const at = await hub();
  await expect(connect(at)).rejects.toMatchObject({ code: 'PermissionDenied', reason: 'NotAMember' });
  at.ledger.set(shop, { key: digestOf('another key') });
  await expect(connect(at)).rejects.toMatchObject({ code: 'PermissionDenied', reason: 'KeyMismatch' });
});

test('a membership that waits for its commit is let in and given nothing until the commit', async () => {
  const at = await hub();
  const key = digestOf(`key-of-${shop}`);
  await at.store.write([
    { put: 'fact', key: `membership:${shop}`, value: { key, labels: {} } },
    ...planned({ epoch: 1, generation: 1 }, [assignment('web/shop', digestOf('bundle'), 1)]),
  ]);
  const agent = await connect(at);
  await agent.hello();
  await at.bus.publish('members', { clusters: [shop] });
  await at.bus.settled();
  expect(agent.heard).toEqual([]);
  at.ledger.set(shop, { key });
  await at.store.write([{ drop: 'fact', key: `membership:${shop}` }]);
  await at.bus.publish('members', { clusters: [shop] });
  expect((await agent.next('Desired')).entries).toHaveLength(1);
});

test('a member that leaves the ledger loses its stream', async () => {
  const at = await hub();
  const agent = await joined(at);
  at.ledger.delete(shop);
  await at.bus.publish('members', { clusters: [shop] });
  expect(await agent.connection.closed).toContain('the ledger names no such cluster');
});

test('one identity twice: the later stream stays', async () => {
  const at = await hub();
  const first = await joined(at);
  const second = await joined(at);
  expect(await first.connection.closed).toContain('took the place');
  expect(second.session).toBe(first.session + 1);
  expect(await at.store.cluster(shop)).toMatchObject({ connected: true, session: second.session });
});

test('connecting and leaving are written and rung', async () => {
  const at = await hub();
  const agent = await joined(at);
  expect(await at.store.counts()).toMatchObject({ connected: 1 });
  agent.connection.close();
  await agent.connection.closed;
  expect(await at.store.cluster(shop)).toMatchObject({ connected: false });
  const bells = (await at.store.outbox(99)).filter((row) => row.subject === 'statuses').map((row) => row.payload);
  expect(bells).toEqual([
    { clusters: [shop], applications: [] },
    { clusters: [shop], applications: [] },
  ]);
});

test('clusters of a gateway that died are put right by another, and told of', async () => {
  const at = await hub();
  await at.store.raiseSession(shop, { agentVersion: '', kubernetesVersion: '', nowMs: 1, gateway: 'killed' });
  await at.gateway.beaten(false);
  expect(await at.store.cluster(shop)).toMatchObject({ connected: false });
  expect((await at.store.outbox(9)).map(({ payload }) => payload)).toEqual([{ clusters: [shop], applications: [] }]);
});

test('a gateway that was taken for dead says again which streams it holds, but for those that went elsewhere', async () => {
  const at = await hub();
  const bakery = 'bakery' as ClusterName;
  await joined(at);
  await joined(at, bakery);
  await at.store.beat({ instance: 'gateway-1', role: 'gateway', ttlMs: 0 });
  await at.store.beat({ instance: 'gateway-2', role: 'gateway', ttlMs: 60_000 });
  expect(await at.store.sweepInstances()).toEqual([bakery, shop]);
  await at.store.raiseSession(bakery, { agentVersion: '', kubernetesVersion: '', nowMs: 1, gateway: 'gateway-2' });
  await at.gateway.beaten(await at.store.beat({ instance: 'gateway-1', role: 'gateway', ttlMs: 60_000 }));
  expect(await at.store.cluster(shop)).toMatchObject({ connected: true, gateway: 'gateway-1' });
  expect(await at.store.cluster(bakery)).toMatchObject({ connected: true, gateway: 'gateway-2' });
});

test('a message before Hello ends the stream with an error that says so', async () => {
  const at = await hub();
  at.ledger.set(shop, { key: digestOf(`key-of-${shop}`) });
  const agent = await connect(at);
  await agent.connection.send({ type: 'Heartbeat', session: 0, statusDigest: noStatus });
  expect(await agent.connection.closed).toContain('Cannot take Heartbeat: the stream has not begun with Hello');
});

test('a state without an answer is written down after five seconds, and an answer clears it', async () => {
  const at = await hub();
  const agent = await joined(at);
  const sentAtMs = at.clock.now();
  await at.store.write(planned({ epoch: 1, generation: 1 }, []));
  await at.bus.publish('desired', { clusters: [shop] });
  await agent.next('Desired');
  at.clock.advance(4_999);
  expect(await at.store.cluster(shop)).not.toHaveProperty('unansweredSinceMs');
  at.clock.advance(1);
  expect(await at.store.cluster(shop)).toMatchObject({ unansweredSinceMs: sentAtMs });
  await agent.connection.send({ type: 'Want', digests: [] });
  await agent.connection.send({ type: 'Want', digests: [digestOf('x')] });
  await agent.next('Objects');
  expect(await at.store.cluster(shop)).not.toHaveProperty('unansweredSinceMs');
});

test('an answer in the same millisecond is an answer', async () => {
  const at = await hub();
  const agent = await joined(at);
  await at.store.write(planned({ epoch: 1, generation: 1 }, []));
  await at.bus.publish('desired', { clusters: [shop] });
  await agent.next('Desired');
  await agent.connection.send({ type: 'Want', digests: [digestOf('x')] });
  await agent.next('Objects');
  at.clock.advance(60_000);
  expect(await at.store.cluster(shop)).not.toHaveProperty('unansweredSinceMs');
});

test('something that waits for a cluster without a stream counts from when it was rung for', async () => {
  const at = await hub();
  const agent = await joined(at);
  agent.connection.close();
  await agent.connection.closed;
  at.clock.advance(1000);
  await at.bus.publish('desired', { clusters: [shop, 'never-seen' as never] });
  await at.bus.settled();
  expect(await at.store.cluster(shop)).toMatchObject({ unansweredSinceMs: at.clock.now(), connected: false });
  await joined(at);
  expect(await at.store.cluster(shop)).not.toHaveProperty('unansweredSinceMs');
});

test('heartbeats are written once a minute at most', async () => {
  const at = await hub();
  const agent = await joined(at);
  const beat = async (afterMs: number): Promise<number | undefined> => {
    at.clock.advance(afterMs);
    await agent.connection.send({ type: 'Want', digests: [digestOf('x')] });
    await agent.next('Objects');
    return (await at.store.cluster(shop))?.lastHeardAtMs;
  };
  const startMs = at.clock.now();
  expect(await beat(59_000)).toBe(startMs);
  expect(await beat(1_000)).toBe(startMs + 60_000);
});

test('an agent that never reads is let go after a while, and others are served meanwhile', async () => {
  const at = await hub();
  const other = await joined(at, 'other' as never);
  const agent = await deaf(at);
  await at.store.write(planned({ epoch: 1, generation: 1 }, [], 'other' as never));
  await at.bus.publish('desired', { clusters: ['other' as never] });
  await other.next('Desired');
  at.clock.advance(300_000);
  expect(await agent.connection.closed).toContain('did not read for too long');
});

test('a flood waits at its own door', async () => {
  const at = await hub({ burst: 5, perSecond: 10 });
  const flooding = await joined(at);
  const calm = await joined(at, 'calm' as never);
  const want = { type: 'Want', digests: [digestOf('x')] } as const;
  // One Hello took a share already; the fifth of these has to wait for the bucket.
  for (let n = 0; n < 6; n += 1) await flooding.connection.send(want);
  await calm.connection.send(want);
  await calm.next('Objects');
  const answered = flooding.heard.filter((message) => message.type === 'Objects').length;
  expect(answered).toBeLessThan(6);
  for (let waited = 0; waited < 20 && flooding.heard.length < 6; waited += 1) {
    at.clock.advance(200);
    await at.store.counts();
  }
  expect(flooding.heard.filter((message) => message.type === 'Objects').length).toBeGreaterThan(answered);
});

test('the bucket lets a burst through and then its rate', async () => {
  const at = await hub();
  const throttle = new Throttle(at.clock, { burst: 2, perSecond: 4 });
  const passed: number[] = [];
  const startMs = at.clock.now();
  const run = (async () => {
    for (let n = 0; n < 5; n += 1) {
      await throttle.take(1);
      passed.push(at.clock.now() - startMs);
    }
  })();
  for (let step = 0; step < 20; step += 1) {
    // Lets what is due come through before time goes on.
    for (let tick = 0; tick < 9; tick += 1) await Promise.resolve();
    at.clock.advance(50);
  }
  await run;
  expect(passed).toEqual([0, 0, 250, 500, 750]);
});
