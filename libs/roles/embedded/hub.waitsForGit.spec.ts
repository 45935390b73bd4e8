import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startHub, type RunningHub } from './index.ts';

let folder: string;
let git: GitServer;
let hub: RunningHub;
const fleet = 'apiVersion: fairlead.dev/v1alpha1\nkind: Fleet\nmetadata: { name: acme }\n';
const patience = { timeout: 20_000, interval: 50 };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-hub-'));
  git = await startGitServer();
});

afterEach(async () => {
  await hub.close();
  await git.stop();
  await rm(folder, { recursive: true });
});

async function start(): Promise<void> {
  hub = await startHub({
    fleetUrl: await git.createRepository('fleet'),
    branch: 'main',
    dataFolder: join(folder, 'data'),
    listen: { host: '127.0.0.1', port: 0 },
    grpc: { host: '127.0.0.1', port: 0 },
    names: [],
    pollMs: 100,
    username: 'git',
    kustomize: [],
    helm: [],
  });
}

interface Answered {
  readonly status: number;
  readonly body: { reason?: string; problems?: { reason: string }[]; epoch?: number; name?: string };
}

async function get(path: string): Promise<Answered> {
  const [token, ca] = await Promise.all(
    ['admin-token', 'ca.pem'].map((name) => readFile(join(folder, 'data', name), 'utf8')),
  );
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token?.trim()}` };
    const out = request(`${hub.api}${path}`, { ca, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => void (text += chunk.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) as Answered['body'] }));
    });
    out.on('error', reject);
    out.end();
  });
}

test('a hub that is started while git is down says so, and takes up its work by itself', async () => {
  git.faults.down = true;
  await start();
  const down = await vi.waitFor(async () => {
    const ready = await get('/readyz');
    expect(ready).toMatchObject({ status: 503, body: { reason: 'SourceUnavailable' } });
    return get('/api/v1/fleet');
  }, patience);
  expect(down.body.problems).toMatchObject([{ reason: 'SourceUnavailable' }]);
  await git.commit('fleet', { message: 'First', files: { 'fairlead.yaml': fleet } });
  git.faults.down = false;
  await vi.waitFor(async () => {
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/api/v1/fleet')).body).toMatchObject({ name: 'acme', epoch: 1, problems: [] });
  }, patience);
}, 60_000);

test('a hub that loses git shows what it read last, and the trouble beside it', async () => {
  await start();
  await git.commit('fleet', { message: 'First', files: { 'fairlead.yaml': fleet } });
  await vi.waitFor(async () => expect((await get('/api/v1/fleet')).body).toMatchObject({ epoch: 1 }), patience);
  git.faults.down = true;
  await vi.waitFor(async () => {
    const { body } = await get('/api/v1/fleet');
    expect(body).toMatchObject({ name: 'acme', epoch: 1, problems: [{ reason: 'SourceUnavailable' }] });
  }, patience);
}, 60_000);

test('nobody but the owner can enter the data folder', async () => {
  await start();
  expect((await stat(join(folder, 'data'))).mode & 0o777).toBe(0o700);
  const names = ['ca.key', 'blobs.key', 'admin-token', 'webhook-secret', 'server.pem', 'signing-1.key'];
  const open = await Promise.all(
    names.map(async (name) => ((await stat(join(folder, 'data', name))).mode & 0o077) !== 0 && name),
  );
  expect(open.filter(Boolean)).toEqual([]);
}, 60_000);
