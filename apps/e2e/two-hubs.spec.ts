import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeMember } from '@fairlead/core/documents';
import { apiVersion, type Digest } from '@fairlead/core/model';
import { joinCluster, startBalancer, startHub, untilConnected, type Balancer, type Hub } from '@fairlead/testkit/fleet';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { readAudit, startControlPlane, until, type AuditEntry, type ControlPlane } from '@fairlead/testkit/kube';
import { createEndings, freePort } from '@fairlead/testkit/process';
import { makeKeys } from '@fairlead/testkit/simulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configMap, documents, manifests } from './documents.ts';
import { entryText, isOfApplications, isWrite } from './observe.ts';

/**
 * Two hubs on one ledger, with stores of their own and the same keys, as where a backup of the keys was started beside the
 * hub that was thought to be gone. `east` is joined to the one that wins the ledger, `west` to the other. Each dials an
 * address that the operator can point to either.
 */
const endings = createEndings();
const timeoutMs = 60_000;
let folder: string;
let git: GitServer;
let hubs: readonly Hub[];
let fronts: readonly Balancer[];
/** Where each hub takes agents' streams. */
let ports: readonly number[];
let planes: Readonly<Record<'east' | 'west', ControlPlane>>;
/** Which of the hubs has the epoch. */
let winner = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-two-hubs-'));
  endings.add(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const booting = Promise.all(['east', 'west'].map(async (name) => endings.of(await startControlPlane({ name }))));
  git = endings.of(await startGitServer());
  await writeRepositories();
  const keys = join(folder, 'keys');
  await makeKeys(keys);
  fronts = await Promise.all(['a', 'b'].map(async () => endings.of(await startBalancer())));
  const [east, west] = (await booting) as [ControlPlane, ControlPlane];
  planes = { east, west };
  ports = [await freePort(), await freePort()];
  hubs = await Promise.all([0, 1].map((at) => startOneHub(at, keys)));
});
afterAll(() => endings.stop());

async function writeRepositories(): Promise<void> {
  const webUrl = await git.createRepository('web');
  await git.createRepository('fleet');
  await git.commit('web', { files: files('1'), message: 'Begin' });
  const member = writeMember({
    apiVersion,
    kind: 'Member',
    metadata: { name: 'one' },
    spec: { labels: { env: 'none' }, key: `sha256:${'a'.repeat(64)}` as Digest, kubernetes: 'v1.36.1' },
  });
  const fleet = documents(
    { kind: 'Fleet', name: 'raced' },
    { kind: 'Environment', name: 'prod', spec: { clusters: { matchLabels: { env: 'prod' } } } },
    {
      kind: 'Application',
      name: 'web',
      spec: {
        source: { git: { url: webUrl, path: 'deploy' } },
        namespace: 'web',
        pipeline: [{ environment: 'prod' }],
      },
    },
  );
  await git.commit('fleet', {
    files: { 'fairlead.yaml': fleet, 'ledger/clusters/one.yaml': member },
    message: 'Begin',
  });
}

async function startOneHub(at: number, keys: string): Promise<Hub> {
  const dataDir = join(folder, `hub-${at}`);
  await mkdir(dataDir, { mode: 0o700 });
  await cp(keys, dataDir, { recursive: true });
  const flags = { grpc: `127.0.0.1:${ports[at]}`, 'grpc-name': fronts[at]?.address ?? '' };
  const options = { fleetUrl: git.urlOf('fleet'), dataDir, logFile: join(folder, `hub-${at}.log`), flags };
  return endings.of(await startHub(options));
}

/** From now on whoever dials the address of one hub reaches this one. */
async function point(front: number, hub: number): Promise<void> {
  await fronts[front]?.use(ports.slice(hub, hub + 1));
}

function hubOf(at: number): Hub {
  return hubs[at] as Hub;
}

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
function troubles(): Promise<string[][]> {
  return Promise.all(hubs.map(troublesOf));
}

async function troublesOf({ client }: Hub): Promise<string[]> {
  return (await client.call('getFleet')).problems.map(({ reason }) => reason);
}

/** Commits a version of the source and tells these hubs of it. */
async function release(version: number, heard: readonly Hub[]): Promise<string> {
  const commit = await git.commit('web', { files: files(String(version)), message: `Version ${version}` });
  await Promise.all(heard.map((hub) => hub.client.webhook(git.urlOf('web'))));
  return commit;
}

async function untilVersion(cluster: keyof typeof planes, version: number): Promise<void> {
  const { api } = planes[cluster];
  const path = '/api/v1/namespaces/web/configmaps/settings';
  await until(async () => (await api.get(path)).data.version === String(version), {
    what: `version ${version} to come to ${cluster}`,
    timeoutMs,
  });
}

/** What an agent wrote of the application, in order. */
function writes(cluster: keyof typeof planes): Promise<AuditEntry[]> {
  const where = (entry: AuditEntry): boolean => isWrite(entry) && isOfApplications(entry);
  return readAudit(planes[cluster].auditLogPath, { where });
}

/** How often the one object of the application was written: once for each version. */
async function writesOfSettings(cluster: keyof typeof planes): Promise<number> {
  return (await writes(cluster)).filter(({ objectRef }) => objectRef?.name === 'settings').length;
}

async function joinTo(at: number, cluster: keyof typeof planes): Promise<void> {
  await point(at, at);
  const agentFolder = join(folder, `agent of ${cluster}`);
  await mkdir(agentFolder, { mode: 0o700 });
  const request = { hub: hubOf(at), plane: planes[cluster], labels: { env: 'prod' }, folder: agentFolder };
  endings.of(await joinCluster(request));
  const events = () => hubOf(at).client.call('listEvents', { query: { cluster } });
  await until(async () => (await events()).items.some(({ type }) => type === 'ClusterEnrolled'), {
    what: `${cluster} to enrol`,
    timeoutMs,
  });
}

/** Waits until a hub has read what git has: the fleet repository's head, and this commit of the source. */
async function untilFollows({ client }: Hub, commit: string): Promise<void> {
  const head = (await git.git('fleet', 'rev-parse', 'main')).trim();
  const path = { team: 'default', name: 'web' };
  const isThere = async (): Promise<boolean> =>
    (await client.call('getFleet')).head === head &&
    (await client.call('getApplication', { path })).sources[0]?.revision === commit;
  await until(isThere, { what: 'the hub to follow git', timeoutMs });
}

test('of two hubs with stores of their own on one ledger, one has the epoch, and the other gives out nothing and says so', async () => {
  await until(async () => (await log()).filter((subject) => subject.startsWith('Epoch ')).length === 2, {
    what: 'both to have raised the epoch',
    timeoutMs,
  });
  await until(async () => (await troubles()).filter((reasons) => reasons.includes('EpochBehind')).length === 1, {
    what: 'one of them to be behind',
    timeoutMs,
  });
  expect((await log()).filter((subject) => subject.startsWith('Epoch '))).toEqual(['Epoch 1', 'Epoch 2']);
  winner = (await troubles()).findIndex((reasons) => !reasons.includes('EpochBehind'));
});

test('each release is promoted once, whoever heard of it, and the cluster of the hub that won gets each', async () => {
  await joinTo(winner, 'east');
  await until(async () => (await promotions()) === 1, { what: 'the first promotion', timeoutMs });
  await untilVersion('east', 1);
  for (const version of [2, 3, 4]) {
    await release(version, hubs);
    await until(async () => (await promotions()) >= version, { what: `version ${version}`, timeoutMs });
    await untilVersion('east', version);
  }
  expect(await promotions()).toBe(4);
  expect((await log()).length).toBe(1 + 2 + 1 + 4);
  expect(await writesOfSettings('east')).toBe(4);
});

test('the hub that lost follows the ledger, commits nothing, and gives nothing to the cluster that joined it', async () => {
  const loser = hubOf(1 - winner);
  await joinTo(1 - winner, 'west');
  const commit = await release(5, hubs);
  await untilVersion('east', 5);
  await untilFollows(loser, commit);
  expect(await troublesOf(loser)).toContain('EpochBehind');
  expect((await log()).length).toBe(1 + 2 + 1 + 5);
  expect(await promotions()).toBe(5);
  expect((await writes('west')).map(entryText)).toEqual([]);
});

test('it gives nothing either to the member that comes to it when the winner is gone', async () => {
  const loser = hubOf(1 - winner);
  const before = await log();
  await hubOf(winner).kill();
  await point(winner, 1 - winner);
  await untilConnected(loser, 'east');
  await untilFollows(loser, await release(6, [loser]));
  expect(await troublesOf(loser)).toContain('EpochBehind');
  expect(await log()).toEqual(before);
  expect(await writesOfSettings('east')).toBe(5);
});

test('started again it takes over the ledger, the release that waited, and both clusters', async () => {
  const loser = hubOf(1 - winner);
  const before = await log();
  await loser.kill();
  await loser.start();
  for (const cluster of ['east', 'west'] as const) await untilVersion(cluster, 6);
  const [first, ...others] = (await log())
    .slice(before.length)
    .map((subject) => subject.replace(/ [0-9a-f]{12}\b/, ''));
  expect(first).toBe('Epoch 3');
  expect(others.sort()).toEqual(['Join west', 'Promote default/web to prod']);
  expect(await troublesOf(loser)).not.toContain('EpochBehind');
  expect([await writesOfSettings('east'), await writesOfSettings('west')]).toEqual([6, 1]);
});
