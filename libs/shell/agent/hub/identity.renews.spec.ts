import { FairleadError, type ClusterName, type Credentials } from '@fairlead/core/model';
import { manualClock } from '@fairlead/ports/clock';
import { fakeCluster } from '@fairlead/ports/cluster';
import { describe, expect, it, vi } from 'vitest';
import { silentLog } from '../log.ts';
import type { AgentIdentity, HubCalls } from './calls.ts';
import { identitySecret, keepRenewed, signIn, type IdentityOptions } from './identity.ts';

const name = 'c1' as ClusterName;
const day = 86_400_000;
const key = { group: '', kind: 'Secret', namespace: 'default', name: identitySecret };

function rig() {
  const clock = manualClock(10 * day);
  const cluster = fakeCluster({ now: () => clock.now() });
  const asked: string[] = [];
  let keys = 0;
  const credentials = (): Credentials => ({
    certificatePem: `certificate ${asked.length}`,
    notAfterMs: clock.now() + 3 * day,
    caPem: 'ca',
    verifyingKeys: [
      {
        keyId: `k${asked.length}`,
        publicKey: new Uint8Array([1, 2, 250]),
        signature: new Uint8Array([9]),
        signedBy: 'k0',
      },
    ],
    gatewayAddress: 'hub:1',
  });
  const letIn = (userKey?: string): Credentials => ({
    ...credentials(),
    ...(userKey !== undefined && { nats: { userJwt: `jwt of ${userKey}`, address: 'nats://nats:4222' } }),
  });
  const refusals: FairleadError[] = [];
  const answered = <T>(call: string, answer: () => T): Promise<T> => {
    asked.push(call);
    const refusal = refusals.shift();
    return refusal ? Promise.reject(refusal) : Promise.resolve(answer());
  };
  const calls: HubCalls = {
    enroll: ({ token, csrPem, natsUserKey }) =>
      answered(`enroll ${token} ${csrPem}`, () => ({ cluster: name, credentials: letIn(natsUserKey) })),
    renew: ({ csrPem, natsUserKey }) => answered(`renew ${csrPem}`, () => ({ credentials: letIn(natsUserKey) })),
  };
  const stop = new AbortController();
  const options: IdentityOptions = {
    cluster,
    namespace: 'default',
    name,
    version: '1',
    calls,
    pki: {
      newKey: () => Promise.resolve(`key-${++keys}`),
      csr: (privateKey) => Promise.resolve(`csr of ${privateKey}`),
      extendTrust: (known, offered) => [...known, ...offered],
    },
    token: () => Promise.resolve('token'),
    clock,
    random: () => 1,
    log: silentLog,
    signal: stop.signal,
  };
  const moving = async <T>(work: Promise<T>): Promise<T> => {
    let isDone = false;
    void work.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    await vi.waitFor(() => {
      clock.advance(1000);
      expect(isDone).toBe(true);
    });
    return work;
  };
  return { clock, cluster, asked, refusals, options, stop, moving };
}

const refused = (reason: 'TokenUsed' | 'HubUnreachable') =>
  new FairleadError('Cannot', { code: 'Unavailable', reason });

const natsUser = (seed = 'seed-1') => Promise.resolve({ seed, publicKey: `key of ${seed}` });

describe('the identity of an agent', () => {
  it('is asked for once, with the token and a key that was kept before, and read from its Secret from then on', async () => {
    const one = rig();
    const first = await signIn(one.options);
    expect(one.asked).toEqual(['enroll token csr of key-1']);
    const again = await signIn({ ...one.options, token: () => Promise.resolve(undefined) });
    expect(one.asked).toHaveLength(1);
    expect(again.credentials.verifyingKeys[0]?.publicKey).toEqual(Buffer.from([1, 2, 250]));
    expect(again.privateKey).toBe(first.privateKey);
  });

  it('keeps its key where the answer to the enrolment was lost', async () => {
    const one = rig();
    one.refusals.push(refused('HubUnreachable'), refused('HubUnreachable'));
    const identity = await one.moving(signIn(one.options));
    expect(one.asked).toEqual(Array.from({ length: 3 }, () => 'enroll token csr of key-1'));
    expect(identity.privateKey).toBe('key-1');
  });

  it('is renewed at two thirds of its life, with the same key and the keys that it trusts', async () => {
    const one = rig();
    const identity = await signIn(one.options);
    const renewed: AgentIdentity[] = [];
    const done = keepRenewed(one.options, { identity, renewed: (next) => renewed.push(next) });
    one.clock.advance(2 * day - 1000);
    expect(one.asked).toHaveLength(1);
    one.clock.advance(2000);
    await vi.waitFor(() => expect(renewed).toHaveLength(1));
    expect(one.asked[1]).toBe('renew csr of key-1');
    expect(renewed[0]?.credentials.verifyingKeys.map(({ keyId }) => keyId)).toEqual(['k1', 'k2']);
    one.stop.abort();
    await done;
  });

  it('renews by possession of its key after the certificate ran out', async () => {
    const one = rig();
    await signIn(one.options);
    one.clock.advance(30 * day);
    const identity = await signIn({ ...one.options, token: () => Promise.resolve(undefined) });
    expect(one.asked[1]).toBe('renew csr of key-1');
    expect(identity.credentials.notAfterMs).toBeGreaterThan(one.clock.now());
  });

  it('has a NATS user where the agent streams over NATS, and keeps its seed over renewals', async () => {
    const one = rig();
    const first = await signIn({ ...one.options, natsUser });
    expect(first).toMatchObject({ natsSeed: 'seed-1', credentials: { nats: { userJwt: 'jwt of key of seed-1' } } });
    one.clock.advance(30 * day);
    const second = await signIn({ ...one.options, natsUser });
    expect(second).toMatchObject({ natsSeed: 'seed-1', credentials: { nats: { userJwt: 'jwt of key of seed-1' } } });
  });

  it('is renewed at once where it lets no NATS user in yet, and loses the user where none is asked for any more', async () => {
    const one = rig();
    await signIn(one.options);
    expect(await signIn({ ...one.options, natsUser })).toMatchObject({ natsSeed: 'seed-1' });
    expect(one.asked).toEqual(['enroll token csr of key-1', 'renew csr of key-1']);
    one.clock.advance(30 * day);
    const back = await signIn(one.options);
    expect(back.natsSeed).toBeUndefined();
    expect(back.credentials.nats).toBeUndefined();
  });

  it('of another cluster is refused, and the key is in no error', async () => {
    const one = rig();
    await signIn(one.options);
    const error = await signIn({ ...one.options, name: 'c2' as ClusterName }).catch(
      (thrown: unknown) => thrown as FairleadError,
    );
    expect(error).toMatchObject({ reason: 'KeyMismatch' });
    expect(JSON.stringify(error)).not.toContain('key-1');
    expect(one.cluster.find(key)).toBeDefined();
  });
});
