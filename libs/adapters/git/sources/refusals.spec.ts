import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitServer, type CommitRequest, type GitServer } from '@fairlead/testkit/git';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gitSourceAdapter, type GitSourceAdapter, type SourceLimits } from '../index.ts';

let server: GitServer;
let folder: string;
let count = 0;
const adapters: GitSourceAdapter[] = [];

beforeAll(async () => {
  server = await startGitServer();
  folder = await mkdtemp(join(tmpdir(), 'fairlead-refusals-'));
});
afterAll(async () => {
  for (const adapter of adapters) adapter.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Fetches what was committed, as texts by path. */
async function read(files: CommitRequest['files'], options: { root?: string; limits?: Partial<SourceLimits> } = {}) {
  count += 1;
  const name = `case-${count}`;
  const url = await server.createRepository(name);
  await server.commit(name, { files, message: 'First' });
  const adapter = gitSourceAdapter({
    folder: join(folder, name),
    ...(options.limits ? { limits: options.limits } : {}),
  });
  adapters.push(adapter);
  const source = { git: { url, path: options.root ?? '.', ref: { branch: 'main' } } };
  const { files: tree } = await adapter.fetch(source, await adapter.check(source, {}));
  return Object.fromEntries([...tree].map(([path, file]) => [path, Buffer.from(file.bytes).toString('utf8')]));
}

test('links inside the root show what they lead to, files and folders alike', async () => {
  const files = {
    'deploy/base/a.yaml': 'a',
    'deploy/base/deep/b.yaml': 'b',
    'deploy/prod/a.yaml': { link: '../base/a.yaml' },
    'deploy/prod/again.yaml': { link: 'a.yaml' },
    'deploy/staging': { link: 'base' },
  };
  expect(await read(files, { root: 'deploy' })).toEqual({
    'deploy/base/a.yaml': 'a',
    'deploy/base/deep/b.yaml': 'b',
    'deploy/prod/a.yaml': 'a',
    'deploy/prod/again.yaml': 'a',
    'deploy/staging/a.yaml': 'a',
    'deploy/staging/deep/b.yaml': 'b',
  });
});

test.each([
  [
    'outside of the root',
    { 'secret.yaml': 's', 'deploy/a.yaml': { link: '../secret.yaml' } },
    /deploy\/a\.yaml .*outside/,
  ],
  ['outside of the repository', { 'deploy/a.yaml': { link: '../../../etc/passwd' } }, /deploy\/a\.yaml .*outside/],
  ['at an absolute path', { 'deploy/a.yaml': { link: '/etc/passwd' } }, /deploy\/a\.yaml .*outside/],
  ['at nothing', { 'deploy/a.yaml': { link: 'none.yaml' } }, /deploy\/a\.yaml .*does not exist/],
  ['at itself', { 'deploy/a.yaml': { link: 'a.yaml' } }, /deploy\/a\.yaml .*itself/],
  ['at a folder that holds it', { 'deploy/x/a.yaml': 'a', 'deploy/x/up': { link: '..' } }, /deploy\/x\/up .*holds it/],
  [
    'at folders that hold each other',
    { 'deploy/x/to-y': { link: '../y' }, 'deploy/y/to-x': { link: '../x' } },
    /to-[xy] .*holds it/,
  ],
])('a link %s is refused by name', async (_, files, words) => {
  await expect(read(files, { root: 'deploy' })).rejects.toMatchObject({
    reason: 'SourceUnsupported',
    message: expect.stringMatching(words),
  });
});

test('a submodule under the root is refused by name, and one beside it is not', async () => {
  const files = { 'deploy/a.yaml': 'a', vendor: { submodule: '1'.repeat(40) } };
  await expect(read(files)).rejects.toMatchObject({
    reason: 'SourceUnsupported',
    message: expect.stringMatching(/vendor is a submodule/),
  });
  expect(await read(files, { root: 'deploy' })).toEqual({ 'deploy/a.yaml': 'a' });
});

test('a file that is kept in LFS is refused by name', async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`;
  await expect(read({ 'deploy/crds.yaml': pointer })).rejects.toMatchObject({
    reason: 'SourceUnsupported',
    message: expect.stringMatching(/deploy\/crds\.yaml is kept in Git LFS/),
  });
});

test.each([
  ['files', { maxFiles: 2 }],
  ['bytes in a file', { maxFileBytes: 5 }],
  ['bytes in all', { maxTotalBytes: 15 }],
  ['bytes in the pack', { maxPackBytes: 600 }],
])('more %s than the limit are refused', async (_, limits) => {
  const files = { a: '1234567', b: '7654321', c: '2345678' };
  await expect(read(files, { limits })).rejects.toMatchObject({ code: 'ResourceExhausted', reason: 'SourceTooLarge' });
  expect(Object.keys(await read(files))).toHaveLength(3);
});
