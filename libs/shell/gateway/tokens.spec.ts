import { memoryNatsAuthority } from '@fairlead/ports/keys';
import { expect, test } from 'vitest';
import { digestOf, hub, shop } from './harness.ts';

const agent = { kubernetesVersion: 'v1.36.1', agentVersion: '0.1.0' };
const hourMs = 3_600_000;

async function withToken() {
  const at = await hub();
  const { token } = await at.gateway.joinToken({ cluster: shop, labels: { env: 'prod' }, ttlMs: hourMs, by: 'ada' });
  return { ...at, token };
}

test('a token gives a certificate for the cluster that it is bound to, and the membership is queued', async () => {
  const { gateway, store, token } = await withToken();
  const answer = await gateway.enroll({ token, csrPem: 'csr:one', ...agent });
  expect(answer).toMatchObject({
    cluster: shop,
    credentials: {
      certificatePem: 'certificate:shop-0042:one',
      caPem: 'ca',
      gatewayAddress: 'hub:8443',
      verifyingKeys: [{ keyId: 'key-1' }],
    },
  });
  expect(await store.fact('membership:shop-0042')).toEqual({
    labels: { env: 'prod' },
    key: digestOf('one'),
    kubernetes: 'v1.36.1',
    requestedAtMs: 1_000_000_000,
    by: 'ada',
  });
  expect((await store.outbox(9)).map(({ subject }) => subject)).toEqual(['head']);
});

test('a replayed token is refused, and the error says how to get another', async () => {
  const { gateway, token } = await withToken();
  await gateway.enroll({ token, csrPem: 'csr:one', ...agent });
  await expect(gateway.enroll({ token, csrPem: 'csr:two', ...agent })).rejects.toMatchObject({
    code: 'Unauthenticated',
    reason: 'TokenUsed',
    message: expect.stringContaining('fairlead cluster join'),
  });
});

test('a lost answer is given again to the same key, for ten minutes', async () => {
  const { gateway, clock, token } = await withToken();
  const request = { token, csrPem: 'csr:one', ...agent };
  const first = await gateway.enroll(request);
  clock.advance(599_000);
  expect((await gateway.enroll(request)).cluster).toBe(first.cluster);
  clock.advance(2_000);
  await expect(gateway.enroll(request)).rejects.toMatchObject({ reason: 'TokenUsed' });
});

test('an answer given again after the commit queues nothing more', async () => {
  const { gateway, store, ledger, token } = await withToken();
  const request = { token, csrPem: 'csr:one', ...agent };
  await gateway.enroll(request);
  ledger.set(shop, { key: digestOf('one') });
  await store.write([{ drop: 'fact', key: 'membership:shop-0042' }]);
  await gateway.enroll(request);
  expect(await store.fact('membership:shop-0042')).toBeUndefined();
});

test('no answer is given again once the membership has ended', async () => {
  const { gateway, store, clock, ledger, token } = await withToken();
  const request = { token, csrPem: 'csr:one', ...agent };
  await gateway.enroll(request);
  ledger.set(shop, { key: digestOf('one') });
  await store.write([{ drop: 'fact', key: 'membership:shop-0042' }]);
  ledger.delete(shop);
  clock.advance(1000);
  await expect(gateway.enroll(request)).rejects.toMatchObject({ reason: 'TokenUsed' });
  expect(await store.fact('membership:shop-0042')).toBeUndefined();
});

test('a hub that died before it wrote the membership answers again', async () => {
  const { gateway, store, clock, token } = await withToken();
  await store.claimToken(digestOf(token), { key: digestOf('one'), nowMs: clock.now(), againWithinMs: 0 });
  clock.advance(1000);
  await gateway.enroll({ token, csrPem: 'csr:one', ...agent });
  expect(await store.fact('membership:shop-0042')).toMatchObject({ key: digestOf('one') });
});

test('unknown and expired tokens are told apart, and a broken request spends none', async () => {
  const { gateway, clock, token } = await withToken();
  await expect(gateway.enroll({ token: 'guess', csrPem: 'csr:one', ...agent })).rejects.toMatchObject({
    reason: 'TokenInvalid',
  });
  await expect(gateway.enroll({ token, csrPem: 'nonsense', ...agent })).rejects.toMatchObject({ code: 'InvalidInput' });
  const odd = { token, csrPem: 'csr:one', ...agent, kubernetesVersion: 'latest' };
  await expect(gateway.enroll(odd)).rejects.toMatchObject({ code: 'InvalidInput' });
  clock.advance(hourMs + 1);
  await expect(gateway.enroll({ token, csrPem: 'csr:one', ...agent })).rejects.toMatchObject({
    reason: 'TokenExpired',
  });
});

test('the journal tells of an agent with an old token, once a minute, and of a made-up one nothing', async () => {
  const { gateway, clock, store, token } = await withToken();
  const refusals = () => store.events({ type: 'EnrolmentRefused', limit: 10 });
  await gateway.enroll({ token: 'guess', csrPem: 'csr:one', ...agent }).catch(() => undefined);
  expect(await refusals()).toEqual([]);
  clock.advance(hourMs + 1);
  for (const pauseMs of [0, 1000, 60_000]) {
    clock.advance(pauseMs);
    await gateway.enroll({ token, csrPem: 'csr:one', ...agent }).catch(() => undefined);
  }
  expect(await refusals()).toMatchObject([
    {
      cluster: 'shop-0042',
      reason: 'TokenExpired',
      message: expect.stringContaining('fairlead cluster join') as string,
    },
    { cluster: 'shop-0042', reason: 'TokenExpired' },
  ]);
});

test('no error repeats the token', async () => {
  const { gateway } = await hub();
  const secret = 'flj_very-secret';
  const refused = gateway.enroll({ token: secret, csrPem: 'csr:one', ...agent });
  await expect(refused).rejects.toThrow(/^(?!.*very-secret).*$/);
});

test('a token is made for names only', async () => {
  const { gateway } = await hub();
  const bad = gateway.joinToken({ cluster: 'Shop 42', labels: {}, ttlMs: 1, by: 'ada' });
  await expect(bad).rejects.toMatchObject({ code: 'InvalidInput', message: expect.stringContaining('"Shop 42"') });
});

test('renewal goes by the key that the ledger names, or that waits for its commit', async () => {
  const { gateway, ledger, token } = await withToken();
  await expect(gateway.renew({ cluster: shop, csrPem: 'csr:one' })).rejects.toMatchObject({ reason: 'NotAMember' });
  await gateway.enroll({ token, csrPem: 'csr:one', ...agent });
  expect((await gateway.renew({ cluster: shop, csrPem: 'csr:one' })).credentials.certificatePem).toContain('one');
  ledger.set(shop, { key: digestOf('other') });
  await expect(gateway.renew({ cluster: shop, csrPem: 'csr:two' })).rejects.toMatchObject({
    code: 'PermissionDenied',
    reason: 'KeyMismatch',
  });
});

const overNats = { csrPem: 'csr:one', natsUserKey: 'U-one' };

test('an agent over NATS is let onto its own subjects for as long as its certificate is in force', async () => {
  const at = await hub({}, { address: 'tls://nats:4222', caPem: 'broker', ...memoryNatsAuthority() });
  const { token } = await at.gateway.joinToken({ cluster: shop, labels: {}, ttlMs: hourMs, by: 'ada' });
  const nats = { userJwt: 'jwt:shop-0042:U-one', address: 'tls://nats:4222', caPem: 'broker' };
  expect((await at.gateway.enroll({ token, ...overNats, ...agent })).credentials.nats).toEqual(nats);
  expect((await at.gateway.renew({ cluster: shop, ...overNats })).credentials.nats).toEqual(nats);
  expect((await at.gateway.renew({ cluster: shop, csrPem: 'csr:one' })).credentials.nats).toBeUndefined();
});

test('a hub without NATS says so, and the token is not spent', async () => {
  const { gateway, token } = await withToken();
  const refusal = { code: 'FailedPrecondition', message: expect.stringContaining('--agents-nats') as string };
  await expect(gateway.enroll({ token, ...overNats, ...agent })).rejects.toMatchObject(refusal);
  await gateway.enroll({ token, csrPem: 'csr:one', ...agent });
  await expect(gateway.renew({ cluster: shop, ...overNats })).rejects.toMatchObject(refusal);
});
