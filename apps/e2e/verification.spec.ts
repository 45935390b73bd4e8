import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fleetFixture, type Fleet } from '@fairlead/testkit/fleet';
import { readAudit, until, type AuditEntry } from '@fairlead/testkit/kube';
import type { Answer } from '@fairlead/wire/rest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configMap, documents, job, manifests } from './documents.ts';

/** Staging has controllers and a node on which Jobs run; prod has neither. */
const timeoutMs = 120_000;
const web = { application: 'default/web', environment: 'prod' };
const inWeb = '/apis/batch/v1/namespaces/web/jobs/verify';
let fleet: Fleet;

type Gate = Answer<'listRollouts'>['items'][number]['gates'][number];

/** A release whose Job ends as its image says: `task:1` well, `task:crashing` not. */
function files(version: string, image: string): Record<string, string> {
  return {
    'deploy/all.yaml': manifests(configMap('settings', { version })),
    'verify/job.yaml': manifests(job('verify', image), configMap('cases', { version })),
  };
}

beforeAll(async () => {
  fleet = await fleetFixture({
    clusters: [
      { name: 'staging', labels: { env: 'staging' }, controllers: true, kwok: true },
      { name: 'prod', labels: { env: 'prod' } },
    ],
    repositories: {
      web: () => files('1', 'task:1'),
      fleet: (gitUrl) => ({ 'fairlead.yaml': fleetDocuments(gitUrl) }),
    },
  });
}, 240_000);
afterAll(() => fleet?.stop());

function fleetDocuments(gitUrl: string): string {
  const environment = (name: string) => ({
    kind: 'Environment',
    name,
    spec: { clusters: { matchLabels: { env: name } } },
  });
  const gates = [{ verification: { path: 'verify', timeout: '2m', retries: 1 } }];
  return documents({ kind: 'Fleet', name: 'verified' }, environment('staging'), environment('prod'), {
    kind: 'Application',
    name: 'web',
    spec: {
      source: { git: { url: `${gitUrl}/web.git`, path: 'deploy', root: '.' } },
      namespace: 'web',
      pipeline: [{ environment: 'staging' }, { environment: 'prod', gates }],
    },
  });
}

async function versionIn(cluster: string): Promise<string | undefined> {
  const { api } = fleet.member(cluster).plane;
  const found = await api.get('/api/v1/namespaces/web/configmaps/settings').catch(() => undefined);
  return found?.data.version;
}

async function untilIn(cluster: string, version: string): Promise<void> {
  await until(async () => (await versionIn(cluster)) === version, {
    what: `version ${version} to come to ${cluster}`,
    timeoutMs,
  });
}

async function untilGate(verdict: Gate['verdict']): Promise<Gate> {
  let last: Gate | undefined;
  return until(
    async () => {
      last = (await fleet.hub.client.call('listRollouts', { query: web })).items[0]?.gates[0];
      if (last?.verdict === verdict) return last;
      throw new Error(JSON.stringify(last));
    },
    { what: `the verification to be ${verdict}`, timeoutMs },
  );
}

/** What the agent did to Jobs, once that many were deleted. */
async function doneToJobs(deleted: number): Promise<readonly AuditEntry[]> {
  const { plane } = fleet.member('staging');
  const isOfJob = ({ objectRef, verb, code, impersonatedUser }: AuditEntry): boolean =>
    objectRef?.resource === 'jobs' &&
    objectRef.subresource === '' &&
    impersonatedUser !== undefined &&
    ['patch', 'delete'].includes(verb) &&
    code < 300;
  return until(
    async () => {
      const done = await readAudit(plane.auditLogPath, { where: isOfJob });
      return done.filter(({ verb }) => verb === 'delete').length >= deleted && done;
    },
    { what: `${deleted} Jobs to be deleted`, timeoutMs },
  );
}

/** Nothing of the verification is left in staging, and the application is as it was. */
async function untilGone(version: string): Promise<void> {
  const { api } = fleet.member('staging').plane;
  await until(
    async () => {
      const [jobs, pods, maps] = await Promise.all([
        api.get('/apis/batch/v1/namespaces/web/jobs'),
        api.get('/api/v1/namespaces/web/pods'),
        api.get('/api/v1/namespaces/web/configmaps'),
      ]);
      const names = maps.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
      return jobs.items.length === 0 && pods.items.length === 0 && !names.includes('cases');
    },
    { what: 'the Job and what it brought to be gone', timeoutMs },
  );
  expect(await versionIn('staging')).toBe(version);
}

/** What `fairlead render` makes of the verification from a clone of the fleet repository, without the hub. */
async function renderedOffline(): Promise<{ readonly digest: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-verification-'));
  try {
    await promisify(execFile)('git', ['clone', '--quiet', fleet.git.urlOf('fleet'), folder]);
    const target = ['-a', 'web', '-e', 'staging', '-c', 'staging', '--verification', 'verify'];
    const args = ['dist/cli/main.mjs', 'render', ...target, '--path', folder, '-o', 'json'];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as { digest: string };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('a release comes to prod once its Job has run to its end in staging, where nothing of it stays', async () => {
  await untilIn('prod', '1');
  await untilGone('1');
  const done = await doneToJobs(1);
  expect([...new Set(done.map(({ verb }) => verb))]).toEqual(['patch', 'delete']);
  const { plane } = fleet.member('prod');
  const [given] = await readAudit(plane.auditLogPath, {
    where: ({ objectRef, verb }) => objectRef?.name === 'settings' && verb === 'patch',
  });
  expect(Date.parse(given?.requestReceivedTimestamp ?? '')).toBeGreaterThan(Date.parse(done[0]?.stageTimestamp ?? ''));
  const trailers = await fleet.git.git('fleet', 'log', '-1', '--format=%B', '--', 'ledger/prod/default/web.yaml');
  expect(trailers).toContain('Fairlead-Gates: verification ok');
});

test('a release whose Job fails twice stays out of prod, and staging goes on running it', async () => {
  await fleet.push('web', { files: files('2', 'task:crashing'), message: 'One that is not right' });
  const gate = await untilGate('Fail');
  expect(gate.message).toMatch(/^The Job of verify in staging failed: .*\. That was try 2 of 2\. Promote by hand/);
  await untilGone('2');
  expect((await doneToJobs(3)).filter(({ verb }) => verb === 'delete')).toHaveLength(3);
  expect(await versionIn('prod')).toBe('1');
});

test('a Job that runs is looked into under its own name, and the fix comes to prod when it is done', async () => {
  const { api } = fleet.member('staging').plane;
  await fleet.push('web', { files: files('3', 'task:broken'), message: 'Its Job cannot start' });
  await untilGate('Wait');
  await until(async () => (await api.get(inWeb)).status?.active === 1, { what: 'the Job to be active', timeoutMs });
  const path = { cluster: 'staging', team: 'default', name: 'web.verification' };
  const { objects } = await until(
    async () => {
      const tree = await fleet.hub.client.call('getTree', { path });
      return tree.objects.some(({ object }) => object.startsWith('/Pod/')) && tree;
    },
    { what: 'the tree of the Job', timeoutMs },
  );
  expect(objects.map(({ object }) => object.split('/')[1])).toEqual(
    expect.arrayContaining(['ConfigMap', 'Job', 'Pod']),
  );
  expect(await versionIn('prod')).toBe('1');
  const query = { application: 'default/web.verification' };
  const [given] = (await fleet.hub.client.call('listPlacements', { query })).items;
  expect((await renderedOffline()).digest).toBe(given?.bundle);
  await fleet.push('web', { files: files('4', 'task:1'), message: 'The fix' });
  await untilIn('prod', '4');
  await untilGone('4');
});
