import { FairleadError, type ClusterName } from '@fairlead/core/model';
import { memoryNatsAuthority, type RevokedUser } from '@fairlead/ports/keys';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { revokedOf, type BrokerUser } from './brokerUsers.ts';
import { digestOf, hub, shop, type Hub } from './harness.ts';

const agent = { kubernetesVersion: 'v1.36.1', agentVersion: '0.1.0' };
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const startS = 1_000_000;

/** A broker that keeps what it is told, and fails when it is asked to. */
function broker() {
  const told: (readonly RevokedUser[])[] = [];
  const waiting = new Set<() => void>();
  const state: { failsWith: FairleadError | undefined; tries: number } = { failsWith: undefined, tries: 0 };
  const wake = (): void => {
    for (const look of waiting) look();
  };
  const until = (is: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!is()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const revoker = {
    async revoke(users: readonly RevokedUser[]) {
      state.tries += 1;
      wake();
      if (state.failsWith) throw state.failsWith;
      told.push(users);
      wake();
    },
  };
  return { told, state, revoker, until, toldTimes: (times: number) => until(() => told.length >= times) };
}

async function started() {
  const nats = broker();
  const at = await hub({}, { ...memoryNatsAuthority(), address: 'nats://broker:4222', revoker: nats.revoker });
  at.gateway.brokerThere();
  await nats.toldTimes(1);
  return { ...at, nats };
}

/** Lets the agent of a cluster in with a user, as an enrolment and the planner after it do. */
async function member(at: Hub, cluster: ClusterName, { key, user }: { key: string; user: string }): Promise<void> {
  const { token } = await at.gateway.joinToken({ cluster, labels: {}, ttlMs: hourMs, by: 'ada' });
  await at.gateway.enroll({ token, csrPem: `csr:${key}`, natsUserKey: user, ...agent });
  at.ledger.set(cluster, { key: digestOf(key) });
  await at.store.write([{ drop: 'fact', key: `membership:${cluster}` }]);
}

const unreachable = new FairleadError('Cannot reach the NATS server.', {
  code: 'Unavailable',
  reason: 'HubUnreachable',
  retry: 'backoff',
});

test('a broker is told of nobody at first, and of a cluster when its membership ends', async () => {
  const at = await started();
  await member(at, shop, { key: 'one', user: 'UONE' });
  await member(at, 'other' as ClusterName, { key: 'two', user: 'UTWO' });
  at.ledger.delete(shop);
  await at.bus.publish('members', { clusters: [shop] });
  await at.nats.toldTimes(2);
  expect(at.nats.told).toEqual([[], [{ userKey: 'UONE', issuedAtS: startS }]]);
});

test('of a cluster that is enrolled again the user of the old key is revoked, and the new one is not', async () => {
  const at = await started();
  await member(at, shop, { key: 'one', user: 'UONE' });
  at.clock.advance(5_000);
  await member(at, shop, { key: 'two', user: 'UTWO' });
  await at.bus.publish('members', { clusters: [shop] });
  await at.nats.toldTimes(2);
  expect(at.nats.told[1]).toEqual([{ userKey: 'UONE', issuedAtS: startS }]);
});

test('a user that goes over to the new key is in force, and a renewal counts as its latest JWT', async () => {
  const at = await started();
  await member(at, shop, { key: 'one', user: 'UONE' });
  await member(at, shop, { key: 'two', user: 'UONE' });
  at.clock.advance(7_000);
  await at.gateway.renew({ cluster: shop, csrPem: 'csr:two', natsUserKey: 'UONE' });
  await at.bus.publish('members', { clusters: [shop] });
  at.ledger.delete(shop);
  await at.bus.publish('members', { clusters: [shop] });
  await at.nats.toldTimes(2);
  expect(at.nats.told[1]).toEqual([{ userKey: 'UONE', issuedAtS: startS + 7 }]);
});

test('a removal that is taken back lets the cluster in again', async () => {
  const at = await started();
  await member(at, shop, { key: 'one', user: 'UONE' });
  at.ledger.delete(shop);
  await at.bus.publish('members', { clusters: [shop] });
  await at.nats.toldTimes(2);
  at.ledger.set(shop, { key: digestOf('one') });
  await at.bus.publish('members', { clusters: [shop] });
  await at.nats.toldTimes(3);
  expect(at.nats.told[2]).toEqual([]);
});

test('a broker that cannot be reached is told at the next beat, and one that is there again at once', async () => {
  const at = await started();
  await member(at, shop, { key: 'one', user: 'UONE' });
  at.nats.state.failsWith = unreachable;
  at.ledger.delete(shop);
  await at.bus.publish('members', { clusters: [shop] });
  await at.nats.until(() => at.nats.state.tries === 2);
  await at.gateway.beaten(false);
  await at.nats.until(() => at.nats.state.tries === 3);
  at.nats.state.failsWith = undefined;
  await at.gateway.beaten(false);
  await at.nats.toldTimes(2);
  at.gateway.brokerThere();
  await at.nats.toldTimes(3);
  expect(at.nats.told.slice(1)).toEqual([
    [{ userKey: 'UONE', issuedAtS: startS }],
    [{ userKey: 'UONE', issuedAtS: startS }],
  ]);
  expect(at.errors).toEqual([unreachable, unreachable]);
});

test('a hub that starts finds out whose membership ended while it was away', async () => {
  const before = await started();
  await member(before, shop, { key: 'one', user: 'UONE' });
  before.gateway.close();
  const after = await started();
  await after.store.write(
    [...(await before.store.facts('nats-user:'))].map(([key, value]) => ({ put: 'fact', key, value })),
  );
  after.gateway.refresh();
  await after.nats.toldTimes(2);
  expect(after.nats.told[1]).toEqual([{ userKey: 'UONE', issuedAtS: startS }]);
});

test('a gateway that does not know the ledger yet tells the broker nothing', async () => {
  const nats = broker();
  const at = await hub({}, { ...memoryNatsAuthority(), address: 'nats://broker:4222', revoker: nats.revoker });
  await member(at, shop, { key: 'one', user: 'UONE' });
  const notSeen = new FairleadError('Cannot say who is a member.', { code: 'Unavailable', reason: 'NotSeenYet' });
  at.state.memberFails = notSeen;
  at.gateway.refresh();
  at.gateway.brokerThere();
  await at.gateway.beaten(false);
  expect(nats.state.tries).toBe(0);
  at.state.memberFails = undefined;
  at.ledger.delete(shop);
  await at.gateway.beaten(false);
  await nats.toldTimes(1);
  expect(nats.told).toEqual([[{ userKey: 'UONE', issuedAtS: startS }]]);
});

test('who is told of is forgotten when the JWT has ended', async () => {
  const at = await started();
  await member(at, shop, { key: 'one', user: 'UONE' });
  at.ledger.delete(shop);
  await at.bus.publish('members', { clusters: [shop] });
  await at.nats.toldTimes(2);
  at.clock.advance(dayMs);
  at.gateway.refresh();
  await at.nats.toldTimes(3);
  expect(at.nats.told[2]).toEqual([]);
  expect(await at.store.facts('nats-user:')).toEqual(new Map());
});

test('a user that is renewed while its end is written down is not forgotten', async () => {
  const at = await started();
  await member(at, shop, { key: 'one', user: 'UONE' });
  at.clock.advance(dayMs);
  const [renewed, looked] = [
    at.gateway.renew({ cluster: shop, csrPem: 'csr:one', natsUserKey: 'UONE' }),
    at.bus.publish('members', { clusters: [shop] }),
  ];
  await Promise.all([renewed, looked]);
  at.ledger.delete(shop);
  await at.bus.publish('members', { clusters: [shop] });
  await at.nats.toldTimes(2);
  expect(at.nats.told[1]).toEqual([{ userKey: 'UONE', issuedAtS: startS + dayMs / 1000 }]);
});

test('one key has a few users at a time, and what it is told says when to come again', async () => {
  const at = await started();
  await member(at, shop, { key: 'one', user: 'U0' });
  for (let n = 1; n < 8; n += 1) await at.gateway.renew({ cluster: shop, csrPem: 'csr:one', natsUserKey: `U${n}` });
  const attempt = at.gateway.renew({ cluster: shop, csrPem: 'csr:one', natsUserKey: 'U8' });
  await expect(attempt).rejects.toMatchObject({ reason: 'RateLimited', retry: { afterMs: dayMs } });
  await at.gateway.renew({ cluster: shop, csrPem: 'csr:one', natsUserKey: 'U0' });
  at.clock.advance(dayMs);
  await at.gateway.renew({ cluster: shop, csrPem: 'csr:one', natsUserKey: 'U8' });
});

test('who names the user of another cluster does not take it along', () => {
  const user = { userKey: 'UONE', key: digestOf('one'), issuedAtS: startS, notAfterMs: dayMs };
  const [gone, stays] = [
    { ...user, cluster: 'gone' as ClusterName },
    { ...user, cluster: 'stays' as ClusterName },
  ];
  expect(revokedOf([gone, stays], { ended: [gone], nowMs: 0 })).toEqual([]);
  expect(revokedOf([gone, stays], { ended: [gone, stays], nowMs: 0 })).toHaveLength(2);
});

test('nobody who ended nothing is ever named, and everybody is who ended and could still come', () => {
  const users = fc.uniqueArray(
    fc.record({
      cluster: fc.constantFrom('a', 'b', 'c') as fc.Arbitrary<ClusterName>,
      userKey: fc.constantFrom('U1', 'U2', 'U3', 'U4'),
      key: fc.constant(digestOf('key')),
      issuedAtS: fc.nat(9),
      notAfterMs: fc.nat(9),
    }),
    { selector: ({ cluster, userKey }) => `${cluster}:${userKey}` },
  );
  fc.assert(
    fc.property(users, fc.func(fc.boolean()), fc.nat(9), (all: BrokerUser[], hasEnded, nowMs) => {
      const ended = all.filter((user) => hasEnded(user));
      const stay = all.filter((user) => !hasEnded(user) && user.notAfterMs > nowMs);
      const named = new Set(revokedOf(all, { ended, nowMs }).map(({ userKey }) => userKey));
      const wanted = ended
        .filter(({ userKey, notAfterMs }) => notAfterMs > nowMs && !stay.some((user) => user.userKey === userKey))
        .map(({ userKey }) => userKey);
      expect(named).toEqual(new Set(wanted));
    }),
  );
});
