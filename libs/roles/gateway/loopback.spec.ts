import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inProcessBus } from '@fairlead/adapters/bus';
import { grpcLink, grpcListener } from '@fairlead/adapters/grpc';
import { makeCsr, newAgentKey, openKeys, verifyHead } from '@fairlead/adapters/pki';
import { openStore } from '@fairlead/adapters/store';
import { canonicalJson, desiredRoot, headBytes, parseHead, sha256, statusDigest } from '@fairlead/core/bundle';
import type {
  ApplicationStatus,
  ClusterName,
  CommitSha,
  Credentials,
  DesiredEntry,
  Digest,
  HubMessage,
  MessageOf,
} from '@fairlead/core/model';
import { systemClock } from '@fairlead/ports/clock';
import type { HubConnection } from '@fairlead/ports/transport';
import { createGateway, membershipKey } from '@fairlead/shell/gateway';
import { startRelay } from '@fairlead/shell/outbox';
import { afterEach, expect, test } from 'vitest';

const shop = 'shop-0042' as ClusterName;
const agentFacts = { kubernetesVersion: 'v1.36.1', agentVersion: '0.1.0' };
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

/** A hub's gateway on its real parts; the ledger is a map that the test writes. */
async function hub() {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-loopback-'));
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const keys = await openKeys(join(folder, 'keys'), { names: ['127.0.0.1'], now: Date.now });
  const store = await openStore({ file: join(folder, 'hub.sqlite'), key: keys.blobKey });
  const bus = inProcessBus({ onError });
  const relay = startRelay({ store, bus, onError });
  const ledger = new Map<ClusterName, { key: Digest }>();
  const gateway = createGateway({
    instance: 'gateway-1',
    store,
    bus,
    clock: systemClock,
    authority: keys,
    member: async (cluster) => ledger.get(cluster),
    epochReady: () => true,
    gatewayAddress: 'set below',
    onError,
  });
  const listener = grpcListener({
    host: '127.0.0.1',
    port: 0,
    caPem: keys.caPem,
    server: () => keys.server(),
    ticketSecret: keys.ticketSecret,
    clock: systemClock,
    onError,
  });
  gateway.start();
  const { address } = await listener.listen((channel) => gateway.accept(channel));
  cleanups.push(async () => {
    gateway.close();
    await listener.close();
    await relay.stop();
    await bus.close();
    await store.close();
    await rm(folder, { recursive: true });
  });
  return { folder, keys, store, bus, ledger, gateway, address, errors };
}

type Hub = Awaited<ReturnType<typeof hub>>;

async function enrolled(at: Hub) {
  const { token } = await at.gateway.joinToken({ cluster: shop, labels: { env: 'prod' }, ttlMs: 60_000, by: 'ada' });
  const key = await newAgentKey();
  const csrPem = await makeCsr(key, shop);
  const { cluster, credentials } = await at.gateway.enroll({ token, csrPem, ...agentFacts });
  expect(cluster).toBe(shop);
  return { token, key, csrPem, credentials };
}

async function connect(at: Hub, { keyPem, credentials }: { keyPem: string; credentials: Credentials }) {
  const heard: HubMessage[] = [];
  const waiting = new Set<() => void>();
  const identity = { keyPem, certificatePem: credentials.certificatePem };
  const link = grpcLink({ address: at.address, caPem: credentials.caPem, identity: () => identity });
  const connection: HubConnection = await link.connect(async (message) => {
    heard.push(message);
    for (const look of waiting) look();
  }, new AbortController().signal);
  cleanups.push(async () => connection.close());
  const next = <Type extends HubMessage['type']>(type: Type): Promise<MessageOf<HubMessage, Type>> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = heard.findIndex((message) => message.type === type);
        if (found < 0) return;
        waiting.delete(look);
        resolve(heard.splice(found, 1)[0] as MessageOf<HubMessage, Type>);
      };
      waiting.add(look);
      look();
    });
  return { connection, next };
}

/** What the planner does once the membership is pushed: renders, signs, assigns, rings. */
async function plan(at: Hub): Promise<{ entry: DesiredEntry; object: Digest; text: string }> {
  const text = canonicalJson({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'big' },
    data: { x: 'y'.repeat(600_000) },
  });
  const object = sha256(text);
  const index = canonicalJson({
    application: 'default/podinfo',
    namespace: 'podinfo',
    objects: [{ key: { group: '', kind: 'ConfigMap', namespace: '', name: 'big' }, digest: object, stage: 0 }],
  });
  const entry: DesiredEntry = {
    application: 'default/podinfo' as never,
    environment: 'prod',
    release: sha256('release'),
    version: '6.9.1',
    bundle: sha256(index),
    attempt: 'a'.repeat(40) as CommitSha,
    team: { namespaces: [], allowKinds: [], denyKinds: [] },
    acknowledged: {},
  };
  const position = { epoch: 1, generation: 1 };
  const root = desiredRoot({ entries: [entry], tombstones: [] });
  const blob = (data: string) =>
    ({ put: 'blob', row: { digest: sha256(data), data: new TextEncoder().encode(data), secret: false } }) as const;
  await at.store.write([
    { drop: 'fact', key: membershipKey(shop) },
    blob(text),
    blob(index),
    {
      put: 'head',
      row: { cluster: shop, position, root, head: at.keys.signHead(headBytes({ cluster: shop, position, root })) },
    },
    {
      put: 'assignment',
      row: {
        cluster: shop,
        application: entry.application,
        environment: 'prod' as never,
        entry,
        generation: 1,
        assignedAtMs: 0,
      },
    },
    { put: 'outbox', row: { subject: 'members', payload: { clusters: [shop] } } },
    { put: 'outbox', row: { subject: 'desired', payload: { clusters: [shop] } } },
  ]);
  return { entry, object, text };
}

test('a cluster enrols, waits for its commit, gets its state and objects, and its status arrives', async () => {
  const at = await hub();
  const { key, credentials } = await enrolled(at);
  const agent = await connect(at, { keyPem: key.privatePem, credentials });

  const empty = statusDigest([]);
  await agent.connection.send({ type: 'Hello', ...agentFacts, capabilities: [], statusDigest: empty });
  const { session } = await agent.next('Settings');
  expect(session).toBe(1);

  // The planner commits the membership and plans.
  at.ledger.set(shop, { key: key.digest });
  const { entry, object, text } = await plan(at);
  const desired = await agent.next('Desired');
  expect(verifyHead(desired.head, credentials.verifyingKeys)).toBe(true);
  const head = parseHead(desired.head.bytes);
  expect(head.cluster).toBe(shop);
  expect(desiredRoot({ entries: desired.entries, tombstones: desired.tombstones })).toBe(head.root);

  await agent.connection.send({ type: 'Want', digests: [entry.bundle, object] });
  const whole = new Map<Digest, Uint8Array[]>();
  while (whole.get(object)?.length !== 3) {
    const { blobs, missing } = await agent.next('Objects');
    expect(missing).toEqual([]);
    for (const part of blobs) whole.set(part.digest, [...(whole.get(part.digest) ?? []), part.data]);
  }
  expect(Buffer.concat(whole.get(object) ?? []).toString()).toBe(text);
  expect(sha256(Buffer.concat(whole.get(entry.bundle) ?? []))).toBe(entry.bundle);

  await agent.connection.send({ type: 'Ack', session, position: head.position, root: head.root });
  const status = statusOf(entry);
  const told = Promise.withResolvers<unknown>();
  at.bus.subscribe('statuses', (payload) => {
    if (payload.applications.length > 0) told.resolve(payload);
  });
  const digest = statusDigest([status]);
  await agent.connection.send({
    type: 'StatusDelta',
    session,
    sequence: 1,
    full: true,
    changed: [status],
    removed: [],
    statusDigest: digest,
  });
  expect(await told.promise).toEqual({ clusters: [shop], applications: ['default/podinfo'] });
  expect(await at.store.counts()).toMatchObject({ clusters: 1, connected: 1, sync: { InSync: 1 } });
  expect(await at.store.cluster(shop)).toMatchObject({ statusDigest: digest, ackedRoot: head.root });
  expect(at.errors).toEqual([]);
});

function statusOf(entry: DesiredEntry): ApplicationStatus {
  const { application, release, bundle, attempt } = entry;
  return {
    application,
    release,
    bundle,
    attempt,
    sync: 'InSync',
    health: 'Healthy',
    drift: 'None',
    reason: 'Applied',
    message: '',
    objects: 1,
    healthyObjects: 1,
    healthyForMs: 0,
    problems: [],
  };
}

test('a replayed token, another key and a foreign certificate get nothing', async () => {
  const at = await hub();
  const { token, key, csrPem, credentials } = await enrolled(at);
  const thief = await newAgentKey();
  const replay = at.gateway.enroll({ token, csrPem: await makeCsr(thief, shop), ...agentFacts });
  await expect(replay).rejects.toMatchObject({ code: 'Unauthenticated', reason: 'TokenUsed' });
  // A lost answer is given again to the key that took the token.
  expect((await at.gateway.enroll({ token, csrPem, ...agentFacts })).cluster).toBe(shop);
  // A certificate that this authority once issued for another key of the same cluster.
  const stale = await at.keys.issueClient(await makeCsr(thief, shop), shop);
  at.ledger.set(shop, { key: key.digest });
  const otherKey = connect(at, { keyPem: thief.privatePem, credentials: { ...credentials, ...stale } });
  await expect(otherKey).rejects.toMatchObject({ code: 'PermissionDenied', reason: 'KeyMismatch' });
  const foreignKeys = await openKeys(join(at.folder, 'foreign'), { names: [], now: Date.now });
  const foreign = await foreignKeys.issueClient(csrPem, shop);
  const stranger = connect(at, { keyPem: key.privatePem, credentials: { ...credentials, ...foreign } });
  await expect(stranger).rejects.toMatchObject({ code: 'Unavailable', reason: 'HubUnreachable' });
});

test('a member whose certificate ran out renews by its key and is back', async () => {
  const at = await hub();
  const { key, csrPem, credentials } = await enrolled(at);
  at.ledger.set(shop, { key: key.digest });
  const yesterday = () => Date.now() - 90_000_000;
  const sameAuthority = await openKeys(join(at.folder, 'keys'), { names: ['127.0.0.1'], now: yesterday });
  const expired = await sameAuthority.issueClient(csrPem, shop);
  await expect(
    connect(at, { keyPem: key.privatePem, credentials: { ...credentials, ...expired } }),
  ).rejects.toMatchObject({ reason: 'HubUnreachable' });
  const renewed = await at.gateway.renew({ cluster: shop, csrPem });
  const agent = await connect(at, { keyPem: key.privatePem, credentials: renewed.credentials });
  await agent.connection.send({ type: 'Hello', ...agentFacts, capabilities: [], statusDigest: statusDigest([]) });
  expect((await agent.next('Settings')).session).toBe(1);
});
