import { execFile } from 'node:child_process';
import { appendFile, chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { definitionContent, releaseDigest, treeDigest } from '@fairlead/core/bundle';
import { parseManifests, readFleet } from '@fairlead/core/documents';
import type { ApplicationId, Digest } from '@fairlead/core/model';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { localTree } from '../offline/localTree.ts';
import { recordedIo } from '../recorded.ts';
import { run } from '../run.ts';

const examples = join(import.meta.dirname, '../../../examples');
const head = 'apiVersion: fairlead.dev/v1alpha1\n';
const git = async (folder: string, ...args: string[]): Promise<string> => {
  const who = ['-c', 'user.name=ada', '-c', 'user.email=ada@example.com', '-c', 'init.defaultBranch=main'];
  return (await promisify(execFile)('git', [...who, ...args], { cwd: folder })).stdout.trim();
};

let server: GitServer;
let url: string;
let revision: string;
let folder: string;
beforeAll(async () => {
  server = await startGitServer();
  url = await server.createRepository('shop');
  const names = ['deployment.yaml', 'kustomization.yaml', 'service.yaml'];
  const texts = await Promise.all(names.map((name) => readFile(join(examples, 'shop/deploy', name), 'utf8')));
  const files = Object.fromEntries(names.map((name, n) => [`deploy/${name}`, texts[n] ?? '']));
  revision = await server.commit('shop', { files, message: 'shop' });
});
afterAll(() => server.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-render-'));
  await cp(join(examples, 'fleet'), join(folder, 'fleet'), { recursive: true });
  await cp(join(examples, 'shop'), join(folder, 'shop'), { recursive: true });
  const path = join(folder, 'fleet/applications/shop.yaml');
  await writeFile(path, (await readFile(path, 'utf8')).replace('http://127.0.0.1:8080/shop.git', url));
  await write(
    'fleet/ledger/clusters/canary.yaml',
    `${head}kind: Member\nmetadata: { name: canary }\nspec: { labels: { env: prod, tier: canary }, key: "sha256:${'a'.repeat(64)}", kubernetes: v1.36.1 }\n`,
  );
});
afterEach(() => rm(folder, { recursive: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

async function rendered(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = recordedIo({ cwd: folder, env: {} });
  const target = ['-a', 'shop', '-e', 'prod', '-c', 'canary', '--path', 'fleet'];
  const code = await run(['render', ...target, ...words], io);
  return { code, out: io.stdout(), err: io.stderr() };
}

interface Data {
  digest: string;
  release?: { version: string };
  renderer: Record<string, string>;
  sources: { main: { revision: string; digest: Digest } };
  objects: { kind: string; spec?: { replicas?: number } }[];
}

async function data(...words: string[]): Promise<Data> {
  const { code, out, err } = await rendered('-o', 'json', ...words);
  expect([code, err]).toEqual([0, expect.any(String)]);
  return JSON.parse(out) as Data;
}

/** A ledger file that pins what the sources and the checkout say now. */
async function pin(more: { definition?: string; replicas?: string } = {}): Promise<string> {
  const [text, main] = await Promise.all([
    readFile(join(folder, 'fleet/applications/shop.yaml'), 'utf8'),
    localTree(join(folder, 'shop'), 'deploy'),
  ]);
  const application = readFleet([{ path: 'shop.yaml', text }]).applications.get('default/shop' as ApplicationId);
  if (!application) throw new Error('the example has no application shop');
  const renderer = { kustomize: '5.8.2' };
  const digest = treeDigest(main);
  const release = releaseDigest({ content: definitionContent(application), sources: { main: digest }, renderer });
  await write(
    'fleet/ledger/prod/default/shop.yaml',
    `${head}kind: Release
metadata: { name: shop, team: default, environment: prod }
spec:
  version: 1.0.0
  digest: ${release}
  definition: { repository: "https://git.example.com/fleet", commit: "${more.definition ?? '0'.repeat(40)}" }
  sources: { main: { revision: ${revision}, digest: "${digest}" } }
  renderer: { kustomize: 5.8.2 }
`,
  );
  return release;
}

test('a local source and the repository give the same bundle, with the overrides of the environment', async () => {
  const local = await data('--source', 'main=shop');
  const fetched = await data();
  expect(fetched.digest).toBe(local.digest);
  expect(fetched.sources.main).toEqual({ revision, digest: local.sources.main.digest });
  expect(local.renderer).toEqual({ kustomize: '5.8.2' });
  expect(local.objects.find(({ kind }) => kind === 'Deployment')?.spec?.replicas).toBe(3);
});

test('manifests go to standard output as YAML that reads back alike, the digest to standard error', async () => {
  const { objects, digest } = await data('--source', 'main=shop');
  const { out, err } = await rendered('--source', 'main=shop');
  expect(parseManifests(out, { file: 'stdout' }).map(({ object }) => object)).toEqual(objects);
  expect(err).toContain(`bundle ${digest}, 3 objects, from the head of the checkout`);
});

test('the release that the ledger names is rendered, though the source has moved on', async () => {
  await pin();
  const before = await data();
  expect(before.release?.version).toBe('1.0.0');
  await server.commit('shop', {
    files: { 'deploy/service.yaml': null, 'deploy/kustomization.yaml': 'resources: [deployment.yaml]\n' },
    message: 'move on',
  });
  expect((await data()).digest).toBe(before.digest);
  const now = await data('--head');
  expect(now.release).toBeUndefined();
  expect(now.objects).toHaveLength(1);
  await server.setRef('shop', 'refs/heads/main', revision);
});

test('the definition is the one that the release pins, found in the history of the checkout', async () => {
  const checkout = join(folder, 'fleet');
  await git(checkout, 'init', '-q');
  await git(checkout, 'add', '.');
  await git(checkout, 'commit', '-qm', 'first');
  await pin({ definition: await git(checkout, 'rev-parse', 'HEAD') });
  const before = await data();
  const path = join(checkout, 'applications/shop.yaml');
  await writeFile(path, (await readFile(path, 'utf8')).replace('replicas: 3', 'replicas: 5'));
  expect((await data()).digest).toBe(before.digest);
  expect((await data('--head')).objects.find(({ kind }) => kind === 'Deployment')?.spec?.replicas).toBe(5);
});

test('a ledger file that cannot be read is told, and never passed over', async () => {
  await write('fleet/ledger/prod/default/shop.yaml', `${head}kind: Release\nmetadata: {}\n`);
  const { code, err } = await rendered('--source', 'main=shop');
  expect(code).toBe(1);
  expect(err).toContain('at ledger/prod/default/shop.yaml:');
  await write('fleet/ledger/clusters/canary.yaml', `${head}kind: Member\n`);
  expect((await rendered('--head', '--source', 'main=shop')).err).toContain('at ledger/clusters/canary.yaml:');
});

test('a history that is not there is told, and never guessed', async () => {
  await pin();
  const path = join(folder, 'fleet/applications/shop.yaml');
  await writeFile(path, (await readFile(path, 'utf8')).replace('replicas: 3', 'replicas: 5'));
  const { code, err } = await rendered();
  expect(code).toBe(1);
  expect(err).toContain('(HistoryIncomplete)');
  expect(err).toContain('--head');
});

test('a local source that is not what the release pins is said so', async () => {
  await pin();
  await appendFile(join(folder, 'shop/deploy/service.yaml'), '# changed\n');
  const { code, err } = await rendered('--source', 'main=shop');
  expect(code).toBe(0);
  expect(err).toContain('note: source main holds other files');
});

test('a cluster that is no member is rendered for by what the command line assumes', async () => {
  const target = ['render', '-a', 'shop', '-e', 'dev', '-c', 'new', '--path', 'fleet', '--source', 'main=shop'];
  const io = recordedIo({ cwd: folder });
  expect(await run(target, io)).toBe(3);
  expect(io.stderr()).toContain('the ledger of the checkout has canary');
  expect(await run([...target, '--labels', 'env=dev', '--kubernetes', 'v1.36.1'], io)).toBe(0);
  expect(io.stderr()).toContain('note: dev does not place default/shop on new');
});

test.each([
  ['an application that is not defined', ['-a', 'shoop'], 3, 'It has default/shop'],
  ['an environment that is not defined', ['-e', 'live'], 3, 'It has dev, staging, prod'],
  ['a source that the application does not have', ['--source', 'extra=shop'], 2, 'It has main'],
  ['a source without its root', ['--source', 'main=fleet'], 3, 'it has no deploy'],
])('%s is named', async (_what, words, wanted, text) => {
  const { code, err } = await rendered(...words);
  expect(code).toBe(wanted);
  expect(err).toContain(text);
});

test('a local tree has the digest that git gives it: executables, links, and nothing of .git', async () => {
  const at = join(folder, 'odd');
  await write('odd/deploy/run.sh', '#!/bin/sh\n');
  await chmod(join(at, 'deploy/run.sh'), 0o755);
  await write('odd/deploy/base/a.yaml', 'a: 1\n');
  await symlink('base', join(at, 'deploy/link'));
  await symlink('../run.sh', join(at, 'deploy/base/run'));
  await write('odd/deploy/.git/config', 'no\n');
  const { gitSourceAdapter } = await import('@fairlead/adapters/git');
  const repository = await server.createRepository('odd');
  await server.commit('odd', {
    message: 'odd',
    files: {
      'deploy/run.sh': { executable: '#!/bin/sh\n' },
      'deploy/base/a.yaml': 'a: 1\n',
      'deploy/link': { link: 'base' },
      'deploy/base/run': { link: '../run.sh' },
    },
  });
  const adapter = gitSourceAdapter({ folder: join(folder, 'mirrors') });
  const source = { git: { url: repository, path: 'deploy', ref: { branch: 'main' } } };
  const { files } = await adapter.fetch(source, await adapter.check(source, {}));
  adapter.close();
  expect(treeDigest(await localTree(at, 'deploy'))).toBe(treeDigest(files));
  await symlink('../..', join(at, 'deploy/out'));
  await expect(localTree(at, 'deploy')).rejects.toThrow("leaves the source's root");
});
