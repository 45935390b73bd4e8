import { FairleadError } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { connect, deaf, digestOf, hub, joined, shop, type Hub } from './harness.ts';

const want = { type: 'Want', digests: [digestOf('x')] } as const;

/** What the journal says of agents, oldest first. */
async function told(at: Hub): Promise<string[]> {
  const events = await at.store.events({ limit: 99, type: 'AgentMisbehaves' });
  return events.map(({ cluster, reason, message }) => `${cluster} ${reason}: ${message}`).reverse();
}

test('a flood is told once, with the share and what to do', async () => {
  const at = await hub({ burst: 3, perSecond: 10 });
  const agent = await joined(at);
  // Of what waits, one after the other goes on as time does.
  for (let n = 0; n < 12; n += 1) {
    await agent.connection.send(want);
    at.clock.advance(100);
    await at.store.counts();
    await at.store.counts();
  }
  expect(await told(at)).toEqual([]);
  for (let n = 0; n < 24; n += 1) {
    void agent.connection.send(want).catch(() => undefined);
    at.clock.advance(50);
    for (let turn = 0; turn < 9; turn += 1) await at.store.counts();
  }
  expect(await told(at)).toEqual([
    expect.stringMatching(/^shop-0042 RateLimited: shop-0042 sends more than 10 messages a second.*enrol the cluster/),
  ]);
});

test('an agent that reads nothing is told when it is let go', async () => {
  const at = await hub();
  const agent = await deaf(at);
  at.clock.advance(300_000);
  await agent.connection.closed;
  expect(await told(at)).toEqual([expect.stringMatching(/^shop-0042 ClusterSilent: .* Start its agent again/)]);
});

test('a session that was never given ends the stream, one of yesterday is dropped, and the first is told once', async () => {
  const at = await hub();
  const status = { type: 'StatusDelta', sequence: 1, full: true, changed: [], removed: [] } as const;
  for (let again = 0; again < 3; again += 1) {
    const agent = await joined(at);
    await agent.connection.send({ ...status, session: agent.session - 1, statusDigest: digestOf('old') });
    await agent.connection.send({ ...status, session: agent.session + 1, statusDigest: digestOf('forged') });
    expect(await agent.connection.closed).toContain(`current value is ${agent.session}`);
  }
  expect((await at.store.cluster(shop))?.statusDigest).toBeUndefined();
  expect(await told(at)).toEqual([expect.stringMatching(/^shop-0042 InvalidArgument: shop-0042 said something/)]);
});

test('two agents under one identity are slowed, and told what to do; another cluster is not', async () => {
  const at = await hub({ streams: 4, streamEveryMs: 1_000 });
  for (let n = 0; n < 4; n += 1) await joined(at);
  const refused = await joined(at).catch((error: unknown) => error as FairleadError);
  expect(refused).toMatchObject({
    reason: 'RateLimited',
    retry: { afterMs: 1_000 },
    message: expect.stringContaining('enrol it under a name of its own') as string,
  });
  await joined(at, 'other' as never);
  expect(await told(at)).toEqual([expect.stringContaining('two agents run under this identity')]);
  at.clock.advance(1_000);
  await joined(at);
  await expect(joined(at)).rejects.toMatchObject({ reason: 'RateLimited' });
  at.clock.advance(600_000);
  for (let n = 0; n < 4; n += 1) await joined(at);
  await expect(joined(at)).rejects.toMatchObject({ reason: 'RateLimited' });
  expect(await told(at)).toHaveLength(2);
});

test('a replaced key that comes too often is turned away, and takes nothing from the share of the member', async () => {
  const at = await hub({ streams: 4, streamEveryMs: 1_000 });
  const agent = await joined(at);
  for (let n = 0; n < 40; n += 1)
    await expect(connect(at, shop, { key: 'replaced' })).rejects.toMatchObject({ reason: 'KeyMismatch' });
  agent.connection.close();
  for (let n = 0; n < 3; n += 1) await joined(at);
  expect(await told(at)).toEqual([
    expect.stringMatching(/^shop-0042 KeyMismatch: shop-0042 shares its name .* enrol it again: fairlead cluster join/),
  ]);
});

test('a key that was turned away is heard again when it is a member', async () => {
  const at = await hub({ streams: 2, streamEveryMs: 1_000 });
  at.ledger.set(shop, { key: digestOf('before') });
  const refused = () => expect(connect(at)).rejects.toMatchObject({ code: 'PermissionDenied', reason: 'KeyMismatch' });
  for (let n = 0; n < 3; n += 1) await refused();
  at.ledger.set(shop, { key: digestOf(`key-of-${shop}`) });
  await refused();
  at.clock.advance(1_000);
  await joined(at);
  await expect(joined(at)).rejects.toMatchObject({ reason: 'RateLimited' });
});

test('a ledger that cannot be read is no refusal to go on with', async () => {
  const at = await hub({ streams: 2, streamEveryMs: 1_000 });
  at.state.memberFails = new FairleadError('Cannot read the ledger.', { code: 'Unavailable', reason: 'Shutdown' });
  for (let n = 0; n < 2; n += 1) await expect(joined(at)).rejects.toMatchObject({ reason: 'Shutdown' });
  await expect(joined(at)).rejects.toMatchObject({ reason: 'RateLimited' });
});
