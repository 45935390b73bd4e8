import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeMember } from '@fairlead/core/documents';
import { apiVersion, type Digest } from '@fairlead/core/model';
import { startHub, type Hub } from '@fairlead/testkit/fleet';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { until } from '@fairlead/testkit/kube';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configMap, documents, manifests } from './documents.ts';

let folder: string;
let git: GitServer;
let hubs: readonly Hub[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-two-hubs-'));
  git = await startGitServer();
  const webUrl = await git.createRepository('web');
  await git.createRepository('fleet');
  await git.commit('web', { files: files('1'), message: 'Begin' });
  const member = writeMember({
    apiVersion,
    kind: 'Member',
    metadata: { name: 'one' },
    spec: { labels: {}, key: `sha256:${'a'.repeat(64)}` as Digest, kubernetes: 'v1.36.1' },
  });
  const fleet = documents(
    { kind: 'Fleet', name: 'raced' },
    { kind: 'Environment', name: 'prod', spec: { clusters: {} } },
    {
      kind: 'Application',
      name: 'web',
      spec: { source: { git: { url: webUrl, path: 'deploy' } }, pipeline: [{ environment: 'prod' }] },
    },
  );
  await git.commit('fleet', {
    files: { 'fairlead.yaml': fleet, 'ledger/clusters/one.yaml': member },
    message: 'Begin',
  });
  hubs = await Promise.all(
    ['a', 'b'].map((name) =>
      startHub({ fleetUrl: git.urlOf('fleet'), dataDir: join(folder, name), logFile: join(folder, `${name}.log`) }),
    ),
  );
});
afterAll(async () => {
  await Promise.all((hubs ?? []).map((hub) => hub.stop()));
  await git?.stop();
  await rm(folder, { recursive: true, force: true });
});

function files(version: string): Record<string, string> {
  return { 'deploy/all.yaml': manifests(configMap('settings', { version })) };
}

/** Subjects of the fleet repository's commits, the oldest first. */
async function log(): Promise<string[]> {
  return (await git.git('fleet', 'log', '--reverse', '--format=%s', 'main')).split('\n').filter(Boolean);
}

async function promotions(): Promise<number> {
  return (await log()).filter((subject) => subject.startsWith('Promote ')).length;
}

/** What each hub says is wrong, by its reasons. */
async function troubles(): Promise<string[][]> {
  const fleets = await Promise.all(hubs.map((hub) => hub.client.call('getFleet')));
  return fleets.map(({ problems }) => problems.map(({ reason }) => reason));
}

test('of two hubs with stores of their own on one ledger, one has the epoch, and the other gives out nothing and says so', async () => {
  await until(async () => (await log()).filter((subject) => subject.startsWith('Epoch ')).length === 2, {
    what: 'both to have raised the epoch',
    timeoutMs: 30_000,
  });
  await until(async () => (await troubles()).filter((reasons) => reasons.includes('EpochBehind')).length === 1, {
    what: 'one of them to be behind',
    timeoutMs: 30_000,
  });
  expect((await log()).filter((subject) => subject.startsWith('Epoch '))).toEqual(['Epoch 1', 'Epoch 2']);
});

test('each release is promoted once, whoever heard of it', async () => {
  await until(async () => (await promotions()) === 1, { what: 'the first promotion', timeoutMs: 30_000 });
  for (const version of [2, 3, 4]) {
    await git.commit('web', { files: files(String(version)), message: `Version ${version}` });
    await Promise.all(hubs.map((hub) => hub.client.webhook(git.urlOf('web'))));
    await until(async () => (await promotions()) >= version, { what: `version ${version}`, timeoutMs: 30_000 });
  }
  expect(await promotions()).toBe(4);
  expect((await log()).length).toBe(1 + 2 + 4);
});
