import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeMember } from '@fairlead/core/documents';
import { apiVersion, type Digest } from '@fairlead/core/model';
import { startGithub, type GithubServer } from '@fairlead/testkit/forge';
import { startHub, type Hub } from '@fairlead/testkit/fleet';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { until } from '@fairlead/testkit/kube';
import { utils } from 'ssh2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configMap, documents, manifests } from './documents.ts';

const fleetName = 'acme/fleet';
const branch = 'refs/heads/fairlead/prod/default/web';
const token = 'github_pat_for_tests';
let folder: string;
let git: GitServer;
let github: GithubServer;
let hub: Hub;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-pull-requests-'));
  git = await startGitServer();
  await git.createRepository('acme/web');
  await git.createRepository(fleetName);
  await git.commit('acme/web', { files: source('1'), message: 'Begin' });
  const member = writeMember({
    apiVersion,
    kind: 'Member',
    metadata: { name: 'one' },
    spec: { labels: { env: 'prod' }, key: `sha256:${'a'.repeat(64)}` as Digest, kubernetes: 'v1.36.1' },
  });
  await git.commit(fleetName, {
    files: { 'fairlead.yaml': fleetDocuments(), 'ledger/clusters/one.yaml': member },
    message: 'Begin',
  });
  github = await startGithub({
    owner: 'acme',
    repository: 'fleet',
    token,
    merged: async (name) => git.setRef(fleetName, 'refs/heads/main', await tip(`refs/heads/${name}`)),
  });
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
  const signingKey = join(folder, 'signing-key');
  await writeFile(signingKey, utils.generateKeyPairSync('ed25519').private, { mode: 0o600 });
  hub = await startHub({
    fleetUrl: git.urlOf(fleetName),
    dataDir: join(folder, 'hub'),
    logFile: join(folder, 'hub.log'),
    flags: { forge: 'github', 'forge-token-file': tokenFile, 'forge-api': github.url, 'signing-key': signingKey },
  });
});
afterAll(async () => {
  await hub?.stop();
  await github?.stop();
  await git?.stop();
  await rm(folder, { recursive: true, force: true });
});

function source(version: string): Record<string, string> {
  return { 'deploy/all.yaml': manifests(configMap('settings', { version })) };
}

function fleetDocuments(): string {
  return documents(
    { kind: 'Fleet', name: 'asking', spec: { ledger: { path: 'ledger', mode: 'PullRequest' } } },
    { kind: 'Environment', name: 'prod', spec: { clusters: { matchLabels: { env: 'prod' } } } },
    {
      kind: 'Application',
      name: 'web',
      spec: {
        source: { git: { url: git.urlOf('acme/web'), path: 'deploy' } },
        namespace: 'web',
        pipeline: [{ environment: 'prod', gates: [{ commitStatus: { context: 'ci/e2e', every: '10s' } }] }],
      },
    },
  );
}

async function tip(ref: string): Promise<string | undefined> {
  return (await git.refs(fleetName)).get(ref);
}

/** What the hub says comes next in prod. */
async function nextInProd(): Promise<{ reason: string; message: string } | undefined> {
  const query = { application: 'default/web', environment: 'prod' };
  const { items } = await hub.client.call('listRollouts', { query });
  return items[0]?.next;
}

async function change(version: string): Promise<void> {
  await git.commit('acme/web', { files: source(version), message: `Version ${version}` });
  await hub.client.webhook(git.urlOf('acme/web'));
}

/** What continuous integration says of the head of the source. */
async function sayGood(): Promise<void> {
  const head = (await git.refs('acme/web')).get('refs/heads/main') ?? '';
  github.say(head, { context: 'ci/e2e', state: 'success' });
}

test('nothing is asked of people before the forge says that the commit is good', async () => {
  await until(async () => (await nextInProd())?.message.includes('Nobody has said ci/e2e of ') === true, {
    what: 'the forge to be asked',
    timeoutMs: 20_000,
  });
  expect(github.pulls).toEqual([]);
  await sayGood();
});

test('a promotion is a pull request of one file, and the merge is the promotion', async () => {
  await until(async () => github.pulls.length === 1, { what: 'the pull request', timeoutMs: 30_000 });
  const [pull] = github.pulls;
  expect(pull).toMatchObject({ base: 'main', branch: 'fairlead/prod/default/web', state: 'Open' });
  expect(pull?.title).toMatch(/^Promote default\/web \S+ to prod$/);
  const changed = await git.git(fleetName, 'diff', '--name-only', 'main', branch);
  expect(changed.trim()).toBe('ledger/prod/default/web.yaml');
  for (const commit of ['main', branch])
    expect(await git.git(fleetName, 'cat-file', 'commit', commit)).toContain('gpgsig -----BEGIN SSH SIGNATURE-----');
  await until(async () => (await nextInProd())?.message.includes('waits for https://github.example/') === true, {
    what: 'the hub to name the pull request',
    timeoutMs: 10_000,
  });
  expect((await nextInProd())?.reason).toBe('WaitsForMerge');
  await github.merge(1);
  await hub.client.webhook(git.urlOf(fleetName));
  await until(async () => (await nextInProd())?.reason === 'NewestAlready', {
    what: 'the hub to follow the merge',
    timeoutMs: 10_000,
  });
  const { items } = await hub.client.call('listReleases', { query: { application: 'default/web' } });
  expect(items).toHaveLength(1);
});

test('a release that a person declined is not asked for again, and the next one is', async () => {
  await change('2');
  await sayGood();
  await until(async () => github.pulls.length === 2, { what: 'the second pull request', timeoutMs: 30_000 });
  github.close(2);
  await hub.kill();
  await hub.start();
  await change('3');
  await sayGood();
  await until(async () => github.pulls.length === 3, { what: 'the third pull request', timeoutMs: 20_000 });
  expect(github.pulls.map(({ state }) => state)).toEqual(['Merged', 'Closed', 'Open']);
  const head = await tip('refs/heads/main');
  await github.merge(3);
  expect(await tip('refs/heads/main')).not.toBe(head);
});

test('the token is in no log', async () => {
  expect(await readFile(hub.logFile, 'utf8')).not.toContain(token);
});
