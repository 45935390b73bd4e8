import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createApiClient } from './apiClient.ts';
import { readAudit } from './audit.ts';
import { ensureBinary } from '@fairlead/adapters/binaries';
import { type ControlPlane, startControlPlane } from './controlPlane.ts';
import { kubeconfig } from './kubeconfig.ts';
import { until } from './until.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function run(file: string, words: string[]): Promise<string> {
  const child = spawn(file, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${output}`);
  return output;
}

describe('a control plane with controllers', () => {
  let cluster: ControlPlane;

  beforeAll(async () => {
    cluster = await startControlPlane({ name: 'boot', controllers: true });
  });
  afterAll(() => cluster?.stop());

  test('serves the pinned version to kubectl, as a user would ask', async () => {
    const kubectl = await ensureBinary('kubectl');
    const answer = JSON.parse(await run(kubectl, ['--kubeconfig', cluster.kubeconfigPath, 'version', '-o', 'json']));
    expect(answer.serverVersion.gitVersion).toBe(answer.clientVersion.gitVersion);
    expect(answer.serverVersion.gitVersion).toMatch(/^v1\.36\.\d+$/);
  });

  test('refuses who does not sign in', async () => {
    const anonymous = createApiClient(cluster, { token: 'guessed' });
    await expect(anonymous.get('/api/v1/namespaces')).rejects.toMatchObject({ status: 401 });
    anonymous.close();
  });

  test('a service account signs in with its token and has only the rights of its roles', async () => {
    const login = { token: await cluster.serviceAccountToken('default', 'default') };
    const account = createApiClient(cluster, login);
    const path = '/api/v1/namespaces/default/secrets';
    await expect(account.get(path)).rejects.toMatchObject({ status: 403, reason: 'Forbidden' });
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const { status } = await account.create('/apis/authentication.k8s.io/v1/selfsubjectreviews', review);
    expect(status.userInfo.username).toBe('system:serviceaccount:default:default');
    account.close();

    const file = join(cluster.dataDir, 'account.kubeconfig');
    await cluster.writeKubeconfig(file, login);
    const kubectl = await ensureBinary('kubectl');
    expect(await run(kubectl, ['--kubeconfig', file, 'auth', 'whoami'])).toContain(
      'system:serviceaccount:default:default',
    );
  });

  test('a token of an account that does not exist is refused', async () => {
    await expect(cluster.serviceAccountToken('default', 'nobody')).rejects.toMatchObject({ reason: 'NotFound' });
  });

  test('the audit log tells who did what, as whom', async () => {
    const path = '/api/v1/namespaces/default/configmaps';
    const headers = { 'impersonate-user': 'ada' };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'seen' } };
    await cluster.api.create(path, body);
    await expect(cluster.api.request('DELETE', `${path}/seen`, { headers })).rejects.toMatchObject({ status: 403 });
    const entries = await until(
      async () => {
        const found = await readAudit(cluster.auditLogPath, {
          where: ({ objectRef }) =>
            objectRef?.resource === 'configmaps' && objectRef.namespace === 'default' && objectRef.name === 'seen',
        });
        return found.length === 2 && found;
      },
      { what: 'both requests in the audit log' },
    );
    expect(entries).toMatchObject([
      {
        verb: 'create',
        user: 'admin',
        impersonatedUser: undefined,
        code: 201,
        userAgent: 'fairlead-testkit',
        stage: 'ResponseComplete',
      },
      {
        verb: 'delete',
        user: 'admin',
        impersonatedUser: 'ada',
        code: 403,
        objectRef: { apiGroup: '', subresource: '' },
      },
    ]);
  });

  test('the API server comes back at the same address, after the other side has acted while it was down', async () => {
    const before = cluster.pids();
    let refused = '';
    await cluster.restartApiServer({
      async whileDown() {
        refused = await cluster.api.get('/readyz').then(
          () => 'answered',
          (error) => error.code,
        );
      },
    });
    expect(refused).toBe('ECONNREFUSED');
    expect((await cluster.api.get('/api/v1/namespaces/default')).status.phase).toBe('Active');
    expect(cluster.pids()).toEqual({ ...before, 'kube-apiserver': expect.any(Number) });
    expect(cluster.pids()['kube-apiserver']).not.toBe(before['kube-apiserver']);
  });

  test('stop leaves no process and no file behind, and may be called again', async () => {
    const pids = Object.values(cluster.pids());
    expect(pids).toHaveLength(3);
    await cluster.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(await exists(cluster.dataDir)).toBe(false);
    await cluster.stop();
  });
});

test('a folder that was named is kept, and its state is served again', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'fairlead-kept-'));
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kept' } };
  const first = await startControlPlane({ name: 'kept', dataDir, audit: false });
  await first.api.create('/api/v1/namespaces', namespace);
  await first.stop();
  expect(await exists(first.auditLogPath)).toBe(false);

  const second = await startControlPlane({ name: 'kept', dataDir, audit: 'RequestResponse' });
  expect((await second.api.get('/api/v1/namespaces/kept')).metadata.name).toBe('kept');
  const where = { where: ({ objectRef }: { objectRef: { name: string } | undefined }) => objectRef?.name === 'kept' };
  const [read] = await until(async () => (await readAudit(second.auditLogPath, where)).slice(0, 1), {
    what: 'the read in the audit log',
  });
  expect(read?.responseObject).toMatchObject({ metadata: { name: 'kept' } });
  await second.stop();
  await rm(dataDir, { recursive: true });
});

test('a server that does not come up is named with the end of its log, and nothing is left', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const starting = startControlPlane({ name: 'taken', ports: { server: port } });
  await expect(starting).rejects.toThrow(
    /Cannot start kube-apiserver: it ended with code 1[\s\S]*address already in use/,
  );
  taken.close();
});

test('when its process is killed, the control plane ends too and takes its folder along', async () => {
  const door = fileURLToPath(new URL('index.ts', import.meta.url));
  const script = `const { startControlPlane } = await import(${JSON.stringify(door)});
    const cluster = await startControlPlane({ name: 'orphan' });
    console.log(JSON.stringify({ dataDir: cluster.dataDir, server: cluster.server }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { dataDir, server } = JSON.parse(line) as { dataDir: string; server: string };
  child.kill('SIGKILL');
  await until(async () => !(await exists(dataDir)), { what: 'the folder to go' });
  const refused = until(
    () =>
      fetch(server).then(
        () => false,
        (error) => error.cause.code === 'ECONNREFUSED',
      ),
    {
      what: 'the API server to be gone',
    },
  );
  await expect(refused).resolves.toBe(true);
});

test('a kubeconfig has one context, named as the cluster', () => {
  const config = JSON.parse(kubeconfig({ name: 'a', server: 'https://127.0.0.1:1', caPem: 'CA' }, { token: 't' }));
  expect(config).toMatchObject({
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    clusters: [{ cluster: { 'certificate-authority-data': Buffer.from('CA').toString('base64') } }],
    users: [{ user: { token: 't' } }],
  });
});
