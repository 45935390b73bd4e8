import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startScriptedServer, type ScriptedServer } from '@fairlead/testkit/scripted';
import { inCluster } from './incluster.ts';
import { fromKubeconfig } from './kubeconfig.ts';

let folder = '';
let server: ScriptedServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-kubeconfig-'));
  server = await startScriptedServer((_request, response) => void response.end('{"gitVersion":"v1.36.0"}'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function write(user: object, cluster: object = {}): Promise<string> {
  const path = join(folder, 'config');
  const config = {
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u', namespace: 'team' } }],
    clusters: [{ name: 'c', cluster: { server: server.url, ...cluster } }],
    users: [{ name: 'u', user }],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

async function authorizationOf(path: string): Promise<string | undefined> {
  const { api } = await fromKubeconfig(path);
  expect(await api.version()).toBe('v1.36.0');
  api.close();
  return server.requests.at(-1)?.headers.authorization;
}

describe('a kubeconfig', () => {
  it('signs in by token, and by a token file beside it', async () => {
    expect(await authorizationOf(await write({ token: 'one' }))).toBe('Bearer one');
    await writeFile(join(folder, 'token'), 'two\n');
    expect(await authorizationOf(await write({ tokenFile: 'token' }))).toBe('Bearer two');
  });

  it('says what its plug-in says when it fails', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'ls',
      args: ['/no-such-folder'],
      interactiveMode: 'Never',
    };
    const cluster = { server: 'https://127.0.0.1:1' };
    await expect(fromKubeconfig(await write({ exec }, cluster))).rejects.toMatchObject({
      code: 'Unauthenticated',
      message: expect.stringContaining('no-such-folder'),
    });
  });

  it('names its context and namespace', async () => {
    const { api, context, namespace } = await fromKubeconfig(await write({ token: 'x' }));
    api.close();
    expect({ context, namespace }).toEqual({ context: 'main', namespace: 'team' });
  });

  it('says what is missing in it, and never shows what it holds', async () => {
    await expect(fromKubeconfig(await write({ token: 'x' }), { context: 'other' })).rejects.toThrow(
      /has no context "other"; name one of: main/,
    );
    await expect(fromKubeconfig(await write({}))).rejects.toThrow(/neither a token nor a certificate/);
    await expect(fromKubeconfig(join(folder, 'absent'))).rejects.toThrow(/cannot be read \(ENOENT\)/);
    const unsafe = write({ token: 'x' }, { 'insecure-skip-tls-verify': true });
    await expect(fromKubeconfig(await unsafe)).rejects.toThrow(
      /sets insecure-skip-tls-verify; give certificate-authority/,
    );
    const torn = join(folder, 'torn');
    await writeFile(torn, 'users: [{ user: { token: s3cret');
    const error: unknown = await fromKubeconfig(torn).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('it is not YAML');
    expect(`${String(error)}${String((error as Error).cause)}`).not.toContain('s3cret');
  });
});

describe('a Pod', () => {
  it('uses the account that is mounted', async () => {
    for (const [name, text] of Object.entries({ token: 'x', 'ca.crt': '', namespace: 'fairlead-system\n' })) {
      await writeFile(join(folder, name), text);
    }
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const { api, namespace } = inCluster({ folder, environment });
    api.close();
    expect(namespace).toBe('fairlead-system');
    expect(() => inCluster({ folder, environment: {} })).toThrow(/run inside a Pod/);
    expect(() => inCluster({ folder: join(folder, 'none'), environment })).toThrow(/ca.crt cannot be read/);
  });
});
