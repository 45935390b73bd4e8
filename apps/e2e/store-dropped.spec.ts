import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { load } from 'js-yaml';
import { fleetFixture, hubFile, type Fleet } from '@fairlead/testkit/fleet';
import { until } from '@fairlead/testkit/kube';
import type { Answer } from '@fairlead/wire/rest';
import { configMap, deployment, documents, manifests } from './documents.ts';
import { entryText, isOfApplications, isWrite, markAudit, placementOf, untilPlacement } from './observe.ts';

const application = 'default/web';
const members = ['canary', 'rest'] as const;
let fleet: Fleet;

const settings = (version: string): object => configMap('settings', { version });

beforeAll(async () => {
  fleet = await fleetFixture({
    clusters: [
      { name: 'canary', labels: { env: 'prod', tier: 'canary' } },
      { name: 'rest', labels: { env: 'prod' } },
    ],
    repositories: {
      web: () => ({ 'deploy/all.yaml': manifests(settings('1')) }),
      fleet: (gitUrl) => ({
        'fairlead.yaml': documents(
          { kind: 'Fleet', name: 'dropped' },
          {
            kind: 'Environment',
            name: 'prod',
            spec: {
              clusters: { matchLabels: { env: 'prod' } },
              rollout: {
                waves: [{ name: 'canary', clusters: { matchLabels: { tier: 'canary' } } }, { name: 'rest' }],
                progressDeadline: '3s',
                onFailure: 'Halt',
              },
            },
          },
          {
            kind: 'Application',
            name: 'web',
            spec: {
              source: { git: { url: `${gitUrl}/web.git`, path: 'deploy' } },
              namespace: 'web',
              pipeline: [{ environment: 'prod' }],
            },
          },
        ),
      }),
    },
  });
});
afterAll(() => fleet?.stop());

async function ledgerFile(path: string): Promise<{ spec: Record<string, unknown> }> {
  return load(await fleet.git.git('fleet', 'show', `main:ledger/${path}`)) as { spec: Record<string, unknown> };
}

async function bundles(): Promise<(string | undefined)[]> {
  const placements = await Promise.all(members.map((cluster) => placementOf(fleet, { cluster, application })));
  return placements.map((placement) => placement?.bundle);
}

async function dropStore(): Promise<void> {
  await rm(hubFile(fleet.hub, 'store'), { recursive: true });
}

async function liveVersion(cluster: string): Promise<string> {
  return (await fleet.member(cluster).plane.api.get('/api/v1/namespaces/web/configmaps/settings')).data.version;
}

async function haltInCanary(): Promise<void> {
  for (const cluster of members) {
    await untilPlacement(fleet, {
      cluster,
      application,
      what: 'in sync and healthy on version 1',
      is: ({ sync, health }) => sync === 'InSync' && health === 'Healthy',
    });
  }
  await fleet.push('web', {
    files: { 'deploy/all.yaml': manifests(settings('2'), deployment('never-ready')) },
    message: 'Version 2, which never gets healthy',
  });
  await until(async () => (await ledgerFile('prod/default/web.yaml')).spec['halted'] !== undefined, {
    what: 'the ledger to say that the rollout is halted',
    timeoutMs: 60_000,
  });
}

const epochNow = async (): Promise<number> => (await ledgerFile('hub.yaml')).spec['epoch'] as number;
const desiredInGit = (): Promise<string> =>
  fleet.git.git('fleet', 'ls-tree', '-r', 'main', 'ledger/clusters', 'ledger/prod');

async function dropAndRestart(): Promise<{ epochCommits: string[] }> {
  const head = (await fleet.git.refs('fleet')).get('refs/heads/main') ?? '';
  await fleet.hub.kill();
  await dropStore();
  await fleet.hub.start();
  const log = await until(
    () => fleet.git.git('fleet', 'log', '--format=%H', `${head}..main`, '--', 'ledger/hub.yaml'),
    { what: 'the hub to raise the epoch' },
  );
  return { epochCommits: log.trim().split('\n') };
}

async function untilSeenAgain(cluster: string, epoch: number): Promise<void> {
  await until(
    async () => {
      const { connection, position } = await fleet.hub.client.call('getCluster', { path: { cluster } });
      return connection === 'Connected' && position?.epoch === epoch;
    },
    { what: `${cluster} to have a position of epoch ${epoch}`, timeoutMs: 60_000 },
  );
}

async function prodStep(): Promise<Answer<'getApplication'>['pipeline'][number] | undefined> {
  const { pipeline } = await fleet.hub.client.call('getApplication', { path: { team: 'default', name: 'web' } });
  return pipeline.find(({ environment }) => environment === 'prod');
}

test('a hub whose store was dropped raises the epoch by one commit, wants the same, and writes to no object', async () => {
  await haltInCanary();
  expect([await liveVersion('canary'), await liveVersion('rest')]).toEqual(['2', '1']);
  const before = { bundles: await bundles(), epoch: await epochNow(), desired: await desiredInGit() };
  expect(before.bundles.every((bundle) => bundle !== undefined)).toBe(true);
  const marks = await Promise.all(members.map((name) => markAudit(fleet.member(name).plane)));

  const { epochCommits } = await dropAndRestart();
  for (const cluster of members) await untilSeenAgain(cluster, before.epoch + 1);

  expect(epochCommits).toHaveLength(1);
  expect(await epochNow()).toBe(before.epoch + 1);
  expect(await desiredInGit()).toBe(before.desired);
  expect(await bundles()).toEqual(before.bundles);
  expect((await prodStep())?.halted?.reason).toBe('FailureBudgetSpent');
  expect([await liveVersion('canary'), await liveVersion('rest')]).toEqual(['2', '1']);
  for (const mark of marks)
    expect((await mark.since((entry) => isOfApplications(entry) && isWrite(entry))).map(entryText)).toEqual([]);
});

test('nothing spreads before every member was seen again', async () => {
  const epoch = await epochNow();
  const { agent } = fleet.member('rest');
  await agent.stop();
  const marks = await Promise.all(members.map((name) => markAudit(fleet.member(name).plane)));
  await dropAndRestart();
  await untilSeenAgain('canary', epoch + 1);

  await fleet.push('web', {
    files: { 'deploy/all.yaml': manifests(settings('3')) },
    message: 'Version 3, which heals',
  });
  await until(
    async () => {
      const { items } = await fleet.hub.client.call('listRollouts', { query: { application, environment: 'prod' } });
      const step = await prodStep();
      return step?.halted === undefined && items[0]?.clusters.some(({ reason }) => reason === 'NotSeenYet');
    },
    { what: 'version 3 to be promoted, and to wait for the cluster that was not seen yet', timeoutMs: 60_000 },
  );
  for (const mark of marks)
    expect((await mark.since((entry) => isOfApplications(entry) && isWrite(entry))).map(entryText)).toEqual([]);

  await agent.start();
  for (const cluster of members)
    await until(async () => (await liveVersion(cluster)) === '3', {
      what: `version 3 to come to ${cluster}`,
      timeoutMs: 60_000,
    });
});
