import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '@fairlead/core/model';
import { agentInstallManifest } from '@fairlead/core/install';
import type { ClusterView, EventView } from '@fairlead/wire/rest';
import { startControlPlane, type ControlPlane } from '@fairlead/testkit/kube';
import { startScriptedHub, type ScriptedHub } from '@fairlead/testkit/scripted';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { asYaml } from '../../output/print.ts';
import { recordedIo, type RecordedIo } from '../../recorded.ts';
import { run } from '../../run.ts';

const token = 'flj_one-use';
const made = {
  name: 'shop-1',
  token,
  expiresAtMs: 900_000,
  manifest: `apiVersion: v1\nkind: Secret\nmetadata: { name: join }\nstringData: { token: ${token} }\n`,
};
const connected: ClusterView = {
  name: 'shop-1',
  labels: {},
  environments: [],
  connection: 'Connected',
  agentVersion: '0.1.0',
  kubernetesVersion: 'v1.36.1',
  applications: 0,
  inSync: 0,
  healthy: 0,
  reason: 'Current',
  message: 'heard',
};

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane({ name: 'shop-1' });
});
afterAll(() => plane.stop());

let hub: ScriptedHub;
let folder: string;
let io: RecordedIo;
beforeEach(async () => {
  hub = await startScriptedHub({ createJoin: made });
  folder = await mkdtemp(join(tmpdir(), 'fairlead-join-'));
  io = recordedIo({
    cwd: folder,
    env: { FAIRLEAD_SERVER: hub.url, FAIRLEAD_TOKEN: hub.token, FAIRLEAD_CA: hub.caPem },
  });
});
afterEach(async () => {
  await hub.close();
  await rm(folder, { recursive: true });
});

function yaml(objects: readonly KubeObject[]): string {
  return objects.map((object) => `---\n${asYaml(object)}`).join('');
}

const path = () => join(folder, 'fairlead-shop-1.yaml');

test('the token goes into a file that only its owner reads, and one command is printed', async () => {
  const words = [
    'cluster',
    'join',
    'shop-1',
    '--labels',
    'env=prod,region=eu',
    '--profile-role',
    'edit',
    '--image',
    'registry.example.com/agent:1',
  ];
  expect(await run(words, io)).toBe(0);
  expect(io.stdout()).toBe(`kubectl apply --server-side -f ${path()}\n`);
  expect(io.stdout() + io.stderr()).not.toContain(token);
  expect(io.stderr()).toContain('within 15m');
  expect(await readFile(path(), 'utf8')).toBe(made.manifest);
  expect((await stat(path())).mode & 0o777).toBe(0o600);
  expect(JSON.parse(hub.requests[0]?.body ?? '')).toEqual({
    name: 'shop-1',
    labels: { env: 'prod', region: 'eu' },
    profile: 'edit',
    image: 'registry.example.com/agent:1',
  });
});

test('an agent behind a broker is told of it, with the authority of a leaf node beside', async () => {
  const caFile = join(folder, 'leaf-ca.pem');
  await writeFile(caFile, 'authority');
  const near = ['--nats-address', 'tls://leaf.shop:4222', '--nats-ca', caFile];
  expect(await run(['cluster', 'join', 'shop-1', '--transport', 'nats', ...near], io)).toBe(0);
  expect(JSON.parse(hub.requests[0]?.body ?? '')).toMatchObject({
    transport: 'nats',
    natsAddress: 'tls://leaf.shop:4222',
    natsCaPem: 'authority',
  });
});

test.each([
  [['--nats-address', 'tls://leaf.shop:4222'], 'without --transport nats'],
  [['--transport', 'nats', '--nats-address', 'leaf.shop:4222'], 'write nats://HOST:PORT'],
  [['--transport', 'nats', '--nats-ca', 'nowhere.pem'], 'cannot be read (ENOENT)'],
])('no token is made for %j', async (words, message) => {
  expect(await run(['cluster', 'join', 'shop-1', ...words], io)).toBe(2);
  expect(io.stderr()).toContain(message);
  expect(hub.requests).toEqual([]);
});

test('a file that is there is not written over, and no token is made for nothing', async () => {
  await writeFile(path(), 'mine');
  expect(await run(['cluster', 'join', 'shop-1'], io)).toBe(1);
  expect(io.stderr()).toContain('exists. Name another file with --file, or write over it with --force.');
  expect(await readFile(path(), 'utf8')).toBe('mine');
  expect(hub.requests).toEqual([]);
  expect(await run(['cluster', 'join', 'shop-1', '--force'], io)).toBe(0);
  expect((await stat(path())).mode & 0o777).toBe(0o600);
});

test('a refusal leaves no file behind', async () => {
  hub.answers.createJoin = {
    status: 409,
    code: 'Conflict',
    reason: 'InvalidArgument',
    detail: 'Cannot join shop-1: it is a member.',
  };
  expect(await run(['cluster', 'join', 'shop-1'], io)).toBe(1);
  expect(existsSync(path())).toBe(false);
});

test('the manifest can go down a pipe, and nothing else goes with it', async () => {
  expect(await run(['cluster', 'join', 'shop-1', '--file', '-'], io)).toBe(0);
  expect(io.stdout()).toBe(made.manifest);
  expect(existsSync(path())).toBe(false);
});

test('as data the token is not told either', async () => {
  await run(['cluster', 'join', 'shop-1', '-o', 'json'], io);
  expect(JSON.parse(io.stdout())).toEqual({
    name: 'shop-1',
    file: path(),
    command: `kubectl apply --server-side -f ${path()}`,
    expiresAtMs: 900_000,
  });
});

test('with a kubeconfig the agent is installed, and the command waits until it is connected', async () => {
  hub.answers.createJoin = {
    ...made,
    manifest: yaml(
      agentInstallManifest({
        clusterName: 'shop-1',
        hub: '127.0.0.1:8444',
        caPem: hub.caPem,
        joinToken: token,
        image: 'registry.example.com/agent:1',
        profile: 'cluster-admin',
      }),
    ),
  };
  const enrolled: EventView = { id: 1, atMs: 0, type: 'Connected', cluster: 'shop-1', reason: 'Current', message: '' };
  hub.answers.watch = [{ ...enrolled, cluster: 'other' }, enrolled];
  let asked = 0;
  hub.answers.getCluster = () => {
    asked += 1;
    return asked === 1 ? { ...connected, connection: 'Never', message: 'the membership is not pushed yet' } : connected;
  };
  expect(await run(['cluster', 'join', 'shop-1', '--kubeconfig', plane.kubeconfigPath], io)).toBe(0);
  expect(io.stdout()).toBe('shop-1 is connected\n');
  expect(io.stderr().split('\n')).toEqual([
    expect.stringContaining('shop-1: installing the agent by context'),
    expect.stringMatching(/^shop-1: \d+ objects applied$/),
    'shop-1: waiting for its agent',
    'shop-1: the membership is not pushed yet',
    '',
  ]);
  expect(asked).toBe(2);
  expect(existsSync(path())).toBe(false);
  const agent = await plane.api.get('/apis/apps/v1/namespaces/fairlead-system/deployments/fairlead-agent');
  expect(agent).toMatchObject({ metadata: { name: 'fairlead-agent' } });
});

test('an agent that does not come is told with how far it came', async () => {
  const words = ['cluster', 'join', 'shop-1', '--kubeconfig', plane.kubeconfigPath, '--timeout', '300ms'];
  hub.answers.createJoin = {
    ...made,
    manifest: 'apiVersion: v1\nkind: Namespace\nmetadata: { name: fairlead-system }\n',
  };
  expect(await run(words, io)).toBe(3);
  expect(io.stderr()).toContain('Cannot see shop-1 connected within 0.3 s: its agent has not enrolled yet.');
});

test('an object that the API server refuses is named', async () => {
  hub.answers.createJoin = {
    ...made,
    manifest:
      'apiVersion: v1\nkind: Service\nmetadata: { name: a, namespace: default }\nspec: { ports: [{ port: 99999 }] }\n',
  };
  expect(await run(['cluster', 'join', 'shop-1', '--kubeconfig', plane.kubeconfigPath], io)).toBe(1);
  expect(io.stderr()).toContain('error: Cannot install Service default/a: ');
  expect(io.stderr()).toContain('99999');
});
