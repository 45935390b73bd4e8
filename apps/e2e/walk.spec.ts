import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGithub, type GithubServer } from '@fairlead/testkit/forge';
import { createCli, fleetFixture, hubFile, type Cli, type Fleet } from '@fairlead/testkit/fleet';
import { until } from '@fairlead/testkit/kube';
import type { Answer } from '@fairlead/wire/rest';
import { configMap, documents, job, manifests } from './documents.ts';
import { entryText, isOfApplications, isWrite, markAudit } from './observe.ts';

const environments = {
  dev: ['dev'],
  staging: ['staging-1', 'staging-2'],
  prod: ['prod-canary', 'prod-1', 'prod-2'],
} as const;
const timeoutMs = 120_000;
const web = { application: 'default/web', environment: 'prod' };
let fleet: Fleet;

type Rollout = Answer<'listRollouts'>['items'][number];

/** As a forge names them. */
const repository = { fleet: 'acme/fleet', web: 'acme/web', base: 'acme/base' };
const token = 'github_pat_for_tests';
let github: GithubServer;

const files = (version: string) => ({
  'deploy/all.yaml': manifests(configMap('settings', { version })),
  'verify/job.yaml': manifests(job('verify', 'task:1')),
});
/** Bad is what says so, and in prod only: `where` comes by an override. */
const health = [
  {
    target: { kind: 'ConfigMap' },
    healthy: 'object.data.version != "bad" || object.data.?where.orValue("") != "prod"',
  },
];

/** What `check` and `metric` ask: a page about a release, and a Prometheus of one sample. */
const asked: string[] = [];
const outside = createServer((request, response) => {
  asked.push(request.url ?? '');
  const value = { status: 'success', data: { resultType: 'vector', result: [{ metric: {}, value: [0, '0.002'] }] } };
  const body = request.url?.startsWith('/api/v1/query') ? value : { incidents: 0 };
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
});
const hostOfOutside = (): string => `127.0.0.1:${(outside.address() as AddressInfo).port}`;

beforeAll(async () => {
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  github = await startGithub({ owner: 'acme', repository: 'fleet', token });
  fleet = await fleetFixture({
    clusters: Object.entries(environments).flatMap(([env, names]) =>
      names.map((name) => ({
        name,
        labels: { env, ...(name === 'prod-canary' && { tier: 'canary' }) },
        // Where Jobs run.
        ...(name === 'staging-1' && { controllers: true, kwok: true }),
      })),
    ),
    beforeHub: flags,
    repositories: {
      [repository.base]: () => ({ 'deploy/all.yaml': manifests(configMap('base', { version: '1' })) }),
      [repository.web]: () => files('1'),
      [repository.fleet]: (gitUrl) => ({ 'fairlead.yaml': fleetDocuments(gitUrl) }),
    },
    fleetRepository: repository.fleet,
  });
  sayGood((await fleet.git.refs(repository.web)).get('refs/heads/main') ?? '');
}, 240_000);
afterAll(async () => {
  await fleet?.stop();
  await github?.stop();
  outside.close();
});

/** The hub may ask the server outside, and the forge. */
async function flags(dataDir: string): Promise<Readonly<Record<string, string>>> {
  const tokenFile = `${dataDir}-forge-token`;
  await writeFile(tokenFile, token, { mode: 0o600 });
  return { 'check-host': hostOfOutside(), forge: 'github', 'forge-token-file': tokenFile, 'forge-api': github.url };
}

/** What continuous integration says of a commit. */
function sayGood(commit: string): void {
  github.say(commit, { context: 'ci/e2e', state: 'success' });
}

async function release(version: string, message: string): Promise<void> {
  sayGood(await fleet.git.commit(repository.web, { files: files(version), message }));
  await fleet.hub.client.webhook(fleet.git.urlOf(repository.web));
}

function fleetDocuments(gitUrl: string): string {
  const source = (name: keyof typeof repository) => ({
    git: { url: `${gitUrl}/${repository[name]}.git`, path: 'deploy', root: '.' },
  });
  const environment = (name: string, more: object = {}) => ({
    kind: 'Environment',
    name,
    spec: { clusters: { matchLabels: { env: name } }, ...more },
  });
  return documents(
    { kind: 'Fleet', name: 'walk' },
    environment('dev'),
    environment('staging', { rollout: { maxUnavailable: '100%' } }),
    environment('prod', {
      gates: [{ window: { deny: '0 0 1 1 *', duration: '1m', timeZone: 'Europe/Berlin' } }],
      rollout: {
        waves: [{ name: 'canary', clusters: { matchLabels: { tier: 'canary' } }, soak: '1s' }, { name: 'rest' }],
        maxUnavailable: '100%',
        progressDeadline: '4s',
        onFailure: 'Rollback',
      },
    }),
    {
      kind: 'Application',
      name: 'base',
      spec: {
        source: source('base'),
        namespace: 'base',
        pipeline: Object.keys(environments).map((name) => ({ environment: name })),
      },
    },
    {
      kind: 'Application',
      name: 'web',
      spec: {
        source: source('web'),
        namespace: 'web',
        health,
        overrides: [
          { environment: 'prod', patches: [{ target: { kind: 'ConfigMap' }, patch: { data: { where: 'prod' } } }] },
        ],
        pipeline: [
          { environment: 'dev' },
          {
            environment: 'staging',
            gates: [
              { soak: '1s' },
              { health: '0s' },
              { dependency: { application: 'default/base' } },
              { commitStatus: { context: 'ci/e2e', every: '10s' } },
              {
                check: {
                  http: { url: `http://${hostOfOutside()}/\${application}/\${release.version}` },
                  pass: 'response.status == 200 && response.json.incidents == 0',
                },
              },
              { metric: { prometheus: { url: `http://${hostOfOutside()}`, query: 'errors' }, pass: 'value < 0.01' } },
            ],
          },
          {
            environment: 'prod',
            gates: [
              { approval: { count: 2 } },
              { pause: { reason: 'the auditors look at it' } },
              { verification: { path: 'verify', timeout: '2m' } },
            ],
          },
        ],
      },
    },
  );
}

async function untilIn(environment: keyof typeof environments, version: string): Promise<void> {
  for (const name of environments[environment])
    await until(async () => (await versionIn(name)) === version, {
      what: `version ${version} to come to ${name}`,
      timeoutMs,
    });
}

async function versionIn(cluster: string): Promise<string | undefined> {
  const { api } = fleet.member(cluster).plane;
  const found = await api.get('/api/v1/namespaces/web/configmaps/settings').catch(() => undefined);
  return found?.data.version;
}

async function inProd(): Promise<Rollout | undefined> {
  return (await fleet.hub.client.call('listRollouts', { query: web })).items[0];
}

/** Waits until what holds the entry into prod is this gate. */
async function untilHeldBy(gate: string): Promise<Rollout> {
  let last: Rollout | undefined;
  return until(
    async () => {
      last = await inProd();
      const open = last?.gates.filter(({ verdict }) => verdict !== 'Pass').map((one) => one.gate);
      if (last && open?.[0]?.startsWith(gate)) return last;
      throw new Error(JSON.stringify(last));
    },
    { what: `prod to be held by ${gate}`, timeoutMs },
  );
}

/** The ledger's commits of web in an environment, the oldest first. */
async function ledger(environment: string): Promise<string[]> {
  const path = `ledger/${environment}/default/web.yaml`;
  const log = await fleet.git.git(repository.fleet, 'log', '--reverse', '--format=%s', 'main', '--', path);
  return log.split('\n').filter(Boolean);
}

/** The CLI of somebody who has a token of their own. */
async function cliOf(person: string): Promise<Cli> {
  const file = hubFile(fleet.hub, `people/${person}`);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const token = `token of ${person}`.padEnd(32, '.').replaceAll(' ', '-');
  await writeFile(file, token, { mode: 0o600 });
  return createCli(join(fleet.folder, person), {
    FAIRLEAD_SERVER: fleet.hub.api,
    FAIRLEAD_TOKEN: token,
    FAIRLEAD_CA: hubFile(fleet.hub, 'ca.pem'),
  });
}

async function letIn(): Promise<void> {
  await untilHeldBy('approval');
  for (const person of ['cleo', 'bob@example.com']) await (await cliOf(person)).must('approve', 'web', '-e', 'prod');
  await untilHeldBy('pause');
  await fleet.hub.client.call('resume', { body: web });
}

test('a release walks three environments through every kind of gate, and enters each by one commit', async () => {
  await untilIn('dev', '1');
  await untilIn('staging', '1');
  const held = await untilHeldBy('approval');
  expect(held.gates.map(({ gate }) => gate.split(' ')[0])).toEqual(
    expect.arrayContaining(['window', 'approval', 'pause', 'verification']),
  );
  for (const name of environments.prod) expect(await versionIn(name)).toBeUndefined();
  // Who pushes in the tests is Ada: nobody approves their own work.
  await expect((await cliOf('ada')).must('approve', 'web', '-e', 'prod')).rejects.toThrow('MayNotApprove');
  await letIn();
  await untilIn('prod', '1');
  for (const environment of Object.keys(environments)) {
    const promotions = await ledger(environment);
    expect(promotions).toHaveLength(1);
    expect(promotions[0]).toMatch(new RegExp(`^Promote default/web \\S+ to ${environment}$`));
  }
  const passed = {
    staging: ['soak', 'health', 'dependency', 'commitStatus', 'check', 'metric'],
    prod: ['window', 'approval', 'pause', 'verification'],
  };
  for (const [environment, gates] of Object.entries(passed)) {
    const path = `ledger/${environment}/default/web.yaml`;
    const trailers = await fleet.git.git(repository.fleet, 'log', '-1', '--format=%B', 'main', '--', path);
    for (const gate of gates) expect(trailers).toMatch(new RegExp(`Fairlead-Gates:.*${gate}`));
  }
  expect(asked).toEqual([expect.stringMatching(/^\/default%2Fweb\/[0-9a-f]{12}$/), '/api/v1/query?query=errors']);
  const approvals = await fleet.git.git(repository.fleet, 'log', '--format=%an <%ae>', '--grep=^Approve', 'main');
  expect(approvals.trim().split('\n').sort()).toEqual(['bob <bob@example.com>', 'cleo <cleo@fairlead.invalid>']);
  const why = await (await cliOf('cleo')).must('why', 'web', 'staging');
  expect(why).toMatch(/default\/web in staging .*: Over/);
  expect(why).toMatch(/entered with: soak=1s ok, .*commitStatus ok, check ok, metric ok/);
});

test('a release that is bad in prod halts in the canary, goes back by a commit, and no write reaches the rest of prod', async () => {
  const rest = await Promise.all(['prod-1', 'prod-2'].map((name) => markAudit(fleet.member(name).plane)));
  await release('bad', 'A bad one');
  await untilIn('staging', 'bad');
  await letIn();
  await until(async () => (await versionIn('prod-canary')) === 'bad', { what: 'the canary to get it', timeoutMs });
  await until(async () => (await versionIn('prod-canary')) === '1', { what: 'the canary to go back', timeoutMs });
  const commits = await ledger('prod');
  expect(commits.at(-1)).toMatch(/^Rollback default\/web in prod from \S+( \(\w+\))? to /);
  for (const mark of rest) {
    const writes = await mark.since((entry) => isWrite(entry) && isOfApplications(entry));
    expect(writes.map(entryText)).toEqual([]);
  }
  expect((await inProd())?.next?.reason).toBe('Rejected');
});

test('the fix enters though the one before it is rejected, and reaches all of prod', async () => {
  await release('2', 'The fix');
  await untilIn('staging', '2');
  await letIn();
  await untilIn('prod', '2');
  expect((await ledger('prod')).at(-1)).toMatch(/^Promote default\/web \S+ to prod$/);
});
