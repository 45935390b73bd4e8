import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetFixture, type Fleet } from '@fairlead/testkit/fleet';
import { readAudit, until, type AuditEntry, type ControlPlane, type LiveObject } from '@fairlead/testkit/kube';
import { configMap, manifests, oneShop } from './documents.ts';
import { isOfApplications, isWrite, untilPlacement } from './observe.ts';

const collection = '/api/v1/namespaces/shop/configmaps';
const versions = {
  one: [configMap('settings', { greeting: 'one' }), configMap('gone', {}), configMap('theirs', { ours: 'one' })],
  two: [configMap('settings', { greeting: 'two' }), configMap('new', {})],
};
const shop = { cluster: 'edge', application: 'default/shop' } as const;
let fleet: Fleet;
let plane: ControlPlane;
let copy: string;

beforeAll(async () => {
  fleet = await fleetFixture({
    clusters: [{ name: 'edge', labels: { env: 'dev' }, audit: 'RequestResponse' }],
    repositories: {
      shop: () => ({ 'deploy/all.yaml': manifests(configMap('settings', { greeting: 'zero' })) }),
      fleet: (gitUrl) => ({
        'fairlead.yaml': oneShop('restored', { environment: 'dev', gitUrl }),
      }),
    },
  });
  ({ plane } = fleet.member('edge'));
  copy = join(fleet.folder, 'etcd-of-version-one');
  await untilVersion('zero');
  await plane.api.create(`${collection}?fieldManager=people`, configMap('theirs', { before: 'people' }));
  await plane.api.create(`${collection}?fieldManager=people`, configMap('stranger', { mine: 'yes' }));
  await push('one');
  await stopped(() => cp(plane.etcdDataDir, copy, { recursive: true }));
  await push('two');
});
afterAll(() => fleet?.stop());

async function untilVersion(greeting: string): Promise<void> {
  await until(async () => (await plane.api.get(`${collection}/settings`)).data.greeting === greeting, {
    what: `the ConfigMap to say ${greeting}`,
    timeoutMs: 60_000,
  });
}

async function push(version: 'one' | 'two'): Promise<void> {
  await fleet.push('shop', { files: { 'deploy/all.yaml': manifests(...versions[version]) }, message: version });
  await untilVersion(version);
  const objects = versions[version].length;
  await untilPlacement(fleet, {
    ...shop,
    what: `in sync with version ${version}`,
    is: (placement) => placement.sync === 'InSync' && placement.objects === objects,
  });
}

/** Does something to etcd's files while it is down. */
async function stopped(whileDown: () => Promise<void>): Promise<void> {
  await plane.restart('etcd', { graceMs: 10_000, whileDown });
  await plane.restartApiServer();
}

/** Puts the copy of etcd's files back that was made under version one. Resolves to the moment after it, by this machine's clock. */
async function restore(): Promise<number> {
  let atMs = 0;
  await stopped(async () => {
    await rm(plane.etcdDataDir, { recursive: true });
    await cp(copy, plane.etcdDataDir, { recursive: true });
    atMs = Date.now();
  });
  return atMs;
}

async function writesFrom(atMs: number): Promise<AuditEntry[]> {
  return readAudit(plane.auditLogPath, {
    where: (entry) => isWrite(entry) && isOfApplications(entry) && Date.parse(entry.requestReceivedTimestamp) >= atMs,
  });
}

/** Everything is as version two says, and whatever is not the application's is as people made it. */
const asVersionTwo = {
  names: ['new', 'settings', 'stranger', 'theirs'],
  theirs: { data: { before: 'people' }, labels: {} },
  deleted: ['gone'],
  writesToStranger: 0,
  // The older state that lay in the cluster too was held against the live objects, and nothing was sent for it.
  sentVersionOne: false,
};

/** What has become of the cluster since a moment, once it is in sync with version two. */
async function outcomeSince(atMs: number): Promise<typeof asVersionTwo> {
  await untilVersion('two');
  await untilPlacement(fleet, {
    ...shop,
    what: 'in sync with version two again',
    is: (placement) => placement.sync === 'InSync' && placement.objects === 2,
  });
  const { items } = await plane.api.get(collection);
  const names = items.map(({ metadata }: LiveObject) => metadata.name as string);
  const theirs = items.find(({ metadata }: LiveObject) => metadata.name === 'theirs');
  const writes = await writesFrom(atMs);
  return {
    names: names.sort(),
    theirs: { data: { before: theirs.data.before }, labels: theirs.metadata.labels ?? {} },
    deleted: writes.filter(({ verb }) => verb === 'delete').map(({ objectRef }) => objectRef?.name ?? ''),
    writesToStranger: writes.filter(({ objectRef }) => objectRef?.name === 'stranger').length,
    sentVersionOne: JSON.stringify(writes.map(({ requestObject }) => requestObject)).includes('"greeting":"one"'),
  };
}

describe('a cluster whose etcd is set back to an older copy', () => {
  it('is looked at before it is touched by the agent that comes then, and is brought where the hub says', async () => {
    const { agent } = fleet.member('edge');
    await agent.kill();
    const atMs = await restore();
    await agent.start();
    expect(await outcomeSince(atMs)).toEqual(asVersionTwo);
  });

  it('is left by the agent that ran meanwhile, and the one that takes its place begins from what lies there', async () => {
    const { agent } = fleet.member('edge');
    const atMs = await restore();
    await until(() => !agent.isRunning(), { what: 'the agent that saw a newer cluster to end', timeoutMs: 60_000 });
    await agent.start();
    expect(await outcomeSince(atMs)).toEqual(asVersionTwo);
  });

  it('is kept as its own older state says while the hub is down, without a write of its own accord', async () => {
    const { agent } = fleet.member('edge');
    await fleet.hub.kill();
    await agent.kill();
    const atMs = await restore();
    await agent.start();
    await plane.api.merge(`${collection}/settings?fieldManager=people`, { data: { greeting: 'three' } });
    await untilVersion('one');
    const names = (await writesFrom(atMs)).map(({ verb, objectRef }) => `${verb} ${objectRef?.name}`);
    expect(names).toEqual(['patch settings']);
    await fleet.hub.start();
    await untilVersion('two');
  });
});
