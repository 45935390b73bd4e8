import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommitSha } from '@fairlead/core/model';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openGitRepository, type GitRepository, type RepositoryOptions } from '../index.ts';

let server: GitServer;
let folder: string;
let count = 0;
const opened: GitRepository[] = [];

beforeAll(async () => {
  server = await startGitServer();
  folder = await mkdtemp(join(tmpdir(), 'fairlead-faults-'));
});
afterEach(() => {
  server.faults.loseAnswersTo = '';
});
afterAll(async () => {
  for (const repository of opened) repository.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function open(name: string, options: Partial<RepositoryOptions> = {}): Promise<GitRepository> {
  const url = server.urlOf(name);
  const repository = await openGitRepository({ url, branch: 'main', folder: join(folder, name), ...options });
  opened.push(repository);
  return repository;
}

async function made(): Promise<string> {
  count += 1;
  await server.createRepository(`fleet-${count}`);
  await server.commit(`fleet-${count}`, { files: { 'a.yaml': '1' }, message: 'First' });
  return `fleet-${count}`;
}

function promotion(text: string) {
  return [{ message: 'Promote', files: new Map([['ledger/dev/web/a.yaml', text]]) }];
}

async function countHistory(repository: GitRepository, head: CommitSha): Promise<number> {
  let commits = 0;
  for await (const commit of repository.history(head)) commits += commit.commit ? 1 : 0;
  return commits;
}

test('a server whose own copy is cut is refused, and not read as a short history', async () => {
  const name = await made();
  for (let index = 0; index < 3; index += 1) {
    await server.commit(name, { files: { 'a.yaml': `later ${index}` }, message: 'Later' });
  }
  await server.createRepository(`${name}-cut`);
  await server.git(`${name}-cut`, 'fetch', '--quiet', '--depth=1', server.urlOf(name), 'main:refs/heads/main');
  const repository = await open(`${name}-cut`);
  await expect(repository.fetch()).rejects.toMatchObject({ reason: 'HistoryIncomplete' });
});

test('a push whose answer was lost is found to have arrived', async () => {
  const name = await made();
  const repository = await open(name);
  const base = await repository.fetch();
  server.faults.loseAnswersTo = '/git-receive-pack';
  const result = await repository.push(base, promotion('1'));
  const head = (await server.refs(name)).get('refs/heads/main');
  expect(result).toEqual({ pushed: true, commits: [head] });
  expect(await repository.fetch()).toBe(head);
});

test('a repository that is opened again fetches only what is new', async () => {
  const name = await made();
  const files = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`b${index}.txt`, `${index} `.repeat(999)]),
  );
  await server.commit(name, { files, message: 'Much' });
  const before = await open(name);
  const seen = await before.fetch();
  before.close();
  const next = await server.commit(name, { files: { 'a.yaml': '2' }, message: 'Little' });
  const again = await open(name);
  expect((await again.files(seen)).map((file) => file.text)).toEqual(['1']);
  const asked = server.requests.length;
  expect(await again.fetch()).toBe(next);
  const sent = server.requests.slice(asked).reduce((sum, request) => sum + request.bytesSent, 0);
  expect(sent).toBeLessThan(3000);
  expect(await countHistory(again, next as CommitSha)).toBe(3);
});

test('many small fetches and pushes are joined into one, and lose nothing', async () => {
  const name = await made();
  const repository = await open(name, { limits: { maxPacks: 4 } });
  let head = await repository.fetch();
  for (let index = 0; index < 10; index += 1) {
    await server.commit(name, { files: { 'a.yaml': `${index}` }, message: `${index}` });
    head = await repository.fetch();
    const result = await repository.push(head, promotion(`${index}`));
    if (result.pushed) head = result.commits[0] ?? head;
  }
  expect(await countHistory(repository, head)).toBe(21);
  expect(await readdir(join(folder, name))).toHaveLength(1);
});

test('what a crash left half-written is not read', async () => {
  const name = await made();
  const before = await open(name);
  const head = await before.fetch();
  before.close();
  const [generation = ''] = await readdir(join(folder, name));
  const packs = join(folder, name, generation, 'objects/pack');
  await writeFile(join(packs, 'pack-0123456789012345678901234567890123456789.pack'), 'PACK');
  await writeFile(join(packs, 'pack-0123456789012345678901234567890123456789.idx.tmp-1-1'), 'half');
  const again = await open(name);
  const next = await server.commit(name, { files: { 'a.yaml': '2' }, message: 'Next' });
  expect(await again.fetch()).toBe(next);
  expect(await again.descends(next as CommitSha, head)).toBe(true);
});

test('a link is not followed, and a file that is too large is refused by name', async () => {
  const name = await made();
  await server.commit(name, {
    files: { 'link.yaml': { link: 'a.yaml' }, 'big.yaml': 'x'.repeat(3000) },
    message: 'Odd',
  });
  const repository = await open(name);
  const head = await repository.fetch();
  expect((await repository.files(head)).map((file) => file.path)).toEqual(['a.yaml', 'big.yaml']);
  const strict = await open(name, { folder: join(folder, `${name}-strict`), limits: { maxFileBytes: 2000 } });
  await strict.fetch();
  await expect(strict.files(head)).rejects.toMatchObject({
    reason: 'SourceTooLarge',
    message: expect.stringContaining('big.yaml'),
  });
});

test('a path outside the repository is never committed', async () => {
  const name = await made();
  const repository = await open(name);
  const base = await repository.fetch();
  for (const path of ['../a.yaml', '/a.yaml', 'a/../b.yaml', '.git/config', 'a//b.yaml', '']) {
    const drafts = [{ message: 'Bad', files: new Map([[path, 'x']]) }];
    await expect(repository.push(base, drafts)).rejects.toMatchObject({ code: 'InvalidInput' });
  }
  expect(await repository.remoteHead()).toBe(base);
});

test('git itself finds the repository whole after pushes with deletions and empty folders', async () => {
  const name = await made();
  const repository = await open(name);
  const base = await repository.fetch();
  const commit = (message: string, files: Record<string, string | null>) => ({
    message,
    files: new Map(Object.entries(files)),
  });
  const result = await repository.push(base, [
    commit('Add', { 'a-b.yaml': '1', 'a/x.yaml': '2', 'a.yaml': '3', 'a0.yaml': '4', 'ä/ö.yaml': '5' }),
    commit('Remove a folder', { 'a/x.yaml': null, 'none/none.yaml': null }),
    commit('A folder for a file', { 'a.yaml/b.yaml': '6' }),
    commit('Nothing is left', { 'a-b.yaml': null, 'a.yaml/b.yaml': null, 'a0.yaml': null, 'ä/ö.yaml': null }),
    commit('Anew', { 'z.yaml': '7' }),
  ]);
  expect(result.pushed).toBe(true);
  expect(await server.git(name, 'fsck', '--strict', '--no-dangling')).toBe('');
  const trees = await server.git(
    name,
    '-c',
    'core.quotePath=false',
    'log',
    '--reverse',
    '--format=%T',
    `${base}..main`,
  );
  const listed = await Promise.all(
    trees
      .trim()
      .split('\n')
      .map((tree) => server.git(name, '-c', 'core.quotePath=false', 'ls-tree', '-r', '--name-only', tree)),
  );
  expect(listed.map((paths) => paths.trim().split('\n'))).toEqual([
    ['a-b.yaml', 'a.yaml', 'a/x.yaml', 'a0.yaml', 'ä/ö.yaml'],
    ['a-b.yaml', 'a.yaml', 'a0.yaml', 'ä/ö.yaml'],
    ['a-b.yaml', 'a.yaml/b.yaml', 'a0.yaml', 'ä/ö.yaml'],
    [''],
    ['z.yaml'],
  ]);
});
