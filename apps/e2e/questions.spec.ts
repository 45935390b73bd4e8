import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCli, fleetFixture, hubFile, type Cli, type Fleet } from '@fairlead/testkit/fleet';
import { type ControlPlane, until } from '@fairlead/testkit/kube';
import { startNatsServer, type NatsServer } from '@fairlead/testkit/nats';
import type { Answer } from '@fairlead/wire/rest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configMap, deployment, documents, manifests } from './documents.ts';
import { isOfApplications, isWrite, markAudit } from './observe.ts';

/** `till`'s agent streams over gRPC and has controllers, `kiosk`'s over NATS. */
const clusters = ['till', 'kiosk'] as const;
const secretWord = 'the-word-that-never-leaves';
let broker: NatsServer | undefined;
let fleet: Fleet;
let cli: Cli;

const secret = (value: string): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login' },
  stringData: { password: value },
});
const files = (greeting: string, password: string): Record<string, string> => ({
  'deploy/app.yaml': manifests(deployment('web'), configMap('settings', { greeting }), secret(password)),
});

beforeAll(async () => {
  fleet = await fleetFixture({
    clusters: [
      { name: 'till', labels: { env: 'shops' }, controllers: true },
      { name: 'kiosk', labels: { env: 'shops' }, controllers: false, transport: 'nats' },
    ],
    async beforeHub(dataDir) {
      const config = await createCli(dataDir).must('nats', 'config', '--keys', dataDir);
      broker = await startNatsServer({ jetStream: false, config });
      return { 'agents-nats': broker.url };
    },
    repositories: {
      shop: () => files('hello', `${secretWord}-1`),
      fleet: (gitUrl) => ({
        'fairlead.yaml': documents(
          { kind: 'Fleet', name: 'asked' },
          {
            kind: 'Environment',
            name: 'shops',
            // No node runs the Deployment, so nothing here gets healthy: both are given it at once.
            spec: { clusters: { matchLabels: { env: 'shops' } }, rollout: { maxUnavailable: 2 } },
          },
          {
            kind: 'Application',
            name: 'shop',
            spec: {
              source: { git: { url: `${gitUrl}/shop.git`, path: 'deploy' } },
              namespace: 'shop',
              sync: { drift: 'Report' },
              pipeline: [{ environment: 'shops' }],
            },
          },
        ),
      }),
    },
  });
  cli = createCli(join(fleet.folder, 'user'), {
    FAIRLEAD_SERVER: fleet.hub.api,
    FAIRLEAD_TOKEN: (await readFile(hubFile(fleet.hub, 'admin-token'), 'utf8')).trim(),
    FAIRLEAD_CA: hubFile(fleet.hub, 'ca.pem'),
  });
  for (const cluster of clusters)
    await until(async () => (await plane(cluster).api.get(`${inShop}/configmaps/settings`)).data.greeting === 'hello', {
      what: `the application to come to ${cluster}`,
      timeoutMs: 90_000,
    });
});
afterAll(async () => {
  await fleet?.stop();
  await broker?.stop();
});

const inShop = '/api/v1/namespaces/shop';
const plane = (name: string): ControlPlane => fleet.member(name).plane;

/** What a command prints, which is never a word of a Secret. */
async function said(...words: string[]): Promise<string> {
  const out = await cli.must(...words);
  expect(out).not.toContain(secretWord);
  expect(out).not.toContain(Buffer.from(secretWord).toString('base64').slice(0, 16));
  return out;
}

async function asked<Name extends 'getTree' | 'getDiff' | 'createPlan' | 'getObject'>(
  _name: Name,
  ...words: string[]
): Promise<Answer<Name>> {
  return JSON.parse(await said(...words, '-o', 'json')) as Answer<Name>;
}

test('a tree is asked of the agent, over gRPC and over NATS, with what controllers made', async () => {
  const kinds = async (cluster: string): Promise<string[]> => {
    const { objects } = await asked('getTree', 'apps', 'tree', 'shop', '-c', cluster);
    return objects.map(({ object, depth }) => `${depth} ${object.split('/').slice(0, 2).join('/')}`);
  };
  await until(async () => (await kinds('till')).includes('2 /Pod'), {
    what: 'the Pod to be in the tree',
    timeoutMs: 60_000,
  });
  expect(await kinds('till')).toEqual([
    '0 /ConfigMap',
    '0 /Secret',
    '0 apps/Deployment',
    '1 apps/ReplicaSet',
    '2 /Pod',
  ]);
  expect(await kinds('kiosk')).toEqual(['0 /ConfigMap', '0 /Secret', '0 apps/Deployment']);
  expect(await said('apps', 'tree', 'shop', '-c', 'till')).toMatch(/└─ ReplicaSet\/web-/);
});

test('objects and Events are shown without what is secret, and of the application only', async () => {
  const { live } = await asked('getObject', 'apps', 'object', 'shop', 'secret/login', '-c', 'kiosk');
  expect(live).toMatchObject({ kind: 'Secret', data: { password: '(masked)' } });
  const events = await said('apps', 'events', 'shop', 'deployment/web', '-c', 'till');
  expect(events).toContain('ScalingReplicaSet');
  const { code, stderr } = await cli.run(
    'apps',
    'object',
    'shop',
    '/ConfigMap/kube-system/extension-apiserver-authentication',
    '-c',
    'till',
  );
  expect([code, stderr]).toEqual([3, expect.stringContaining('neither an object of default/shop')]);
});

test('a difference names the field and both values, and of a Secret neither', async () => {
  await plane('kiosk').api.merge(`${inShop}/configmaps/settings`, { data: { greeting: 'changed by hand' } });
  await plane('kiosk').api.merge(`${inShop}/secrets/login`, { stringData: { password: `${secretWord}-by-hand` } });
  const diff = await asked('getDiff', 'diff', 'shop', '-c', 'kiosk');
  expect(diff.objects.map(({ object, action, fields }) => [object, action, fields])).toEqual([
    [
      '/ConfigMap/shop/settings',
      'Change',
      [{ pointer: '/data/greeting', wanted: '"hello"', found: '"changed by hand"' }],
    ],
    ['/Secret/shop/login', 'Change', [{ pointer: '/data/password', wanted: '"(masked)"', found: '"(masked)"' }]],
  ]);
  expect((await asked('getDiff', 'diff', 'shop', '-c', 'till')).objects).toEqual([]);
  const one = await asked('getDiff', 'diff', 'shop', 'configmap/settings', '-c', 'kiosk');
  expect(one.objects).toMatchObject([
    { live: { data: { greeting: 'changed by hand' } }, wanted: { data: { greeting: 'hello' } } },
  ]);
});

test('a plan of a release that nobody runs is grouped by what would change, and writes nothing', async () => {
  await said('hold', 'shop', '-e', 'shops', '--reason', 'to be planned');
  const marks = await Promise.all(clusters.map((name) => markAudit(plane(name))));
  const next = files('good morning', `${secretWord}-2`);
  await fleet.push('shop', {
    files: { 'deploy/app.yaml': `${next['deploy/app.yaml']}\n---\n${manifests(configMap('fresh', { a: '1' }))}` },
    message: 'Say good morning',
  });
  const planned = (): Promise<Answer<'createPlan'>> => asked('createPlan', 'plan', 'shop', 'shops');
  await until(async () => (await planned()).groups.some(({ plan }) => plan.counts.create === 1), {
    what: 'the new release to be offered',
    timeoutMs: 60_000,
  });
  const { groups, problems } = await planned();
  expect(problems).toEqual([]);
  const changes = groups.map(({ clusters: named, plan }) => [
    named.join(),
    plan.objects.map(({ object, action, fields }) => [action, object, ...fields.map(({ found }) => found)].join(' ')),
  ]);
  expect(changes).toEqual([
    [
      'kiosk',
      [
        'Create /ConfigMap/shop/fresh',
        'Change /ConfigMap/shop/settings "changed by hand"',
        'Change /Secret/shop/login "(masked)"',
      ],
    ],
    [
      'till',
      [
        'Create /ConfigMap/shop/fresh',
        'Change /ConfigMap/shop/settings "hello"',
        'Change /Secret/shop/login "(masked)"',
      ],
    ],
  ]);
  const text = await said('plan', 'shop', 'shops', '-c', 'till');
  expect(text).toContain('1 cluster: 1 object created, 2 changed');
  for (const mark of marks) {
    const writes = await mark.since((entry) => isOfApplications(entry) && isWrite(entry));
    expect(writes.filter(({ requestUri }) => !requestUri.includes('dryRun=All'))).toEqual([]);
    expect(new Set(writes.map(({ impersonatedUser }) => impersonatedUser))).toEqual(
      new Set(['system:serviceaccount:fairlead-system:fairlead-applier']),
    );
  }
});

test('a cluster that nobody reaches is named, and the others are planned all the same', async () => {
  const { agent } = fleet.member('kiosk');
  await agent.stop();
  await until(async () => (await cli.run('apps', 'tree', 'shop', '-c', 'kiosk')).code !== 0, {
    what: 'the hub to know that the agent is gone',
    timeoutMs: 60_000,
  });
  const { stderr } = await cli.run('apps', 'tree', 'shop', '-c', 'kiosk');
  expect(stderr).toContain('Cannot ask kiosk');
  const { code, stdout } = await cli.run('plan', 'shop', 'shops', '-o', 'json');
  const plan = JSON.parse(stdout) as Answer<'createPlan'>;
  expect(code).toBe(1);
  expect(plan.groups.map(({ clusters: named }) => named)).toEqual([['till']]);
  expect(plan.problems.map(({ cluster }) => cluster)).toEqual(['kiosk']);
});
