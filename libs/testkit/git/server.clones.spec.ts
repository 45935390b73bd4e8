import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGitServer, type GitServer, type RefUpdate } from './index.ts';

const run = promisify(execFile);
let server: GitServer;
let folder: string;

beforeAll(async () => {
  server = await startGitServer({ auth: { username: 'ada', password: 'lovelace' } });
  folder = await mkdtemp(join(tmpdir(), 'fairlead-clone-'));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

function withCredentials(url: string): string {
  return url.replace('http://', 'http://ada:lovelace@');
}

test('a real git client clones what was committed, and its push is announced', async () => {
  const url = await server.createRepository('web/app');
  const first = await server.commit('web/app', {
    files: { 'a.txt': 'one\n', 'bin/run': { executable: '#!/bin/sh\n' } },
    message: 'First',
  });
  const second = await server.commit('web/app', { files: { 'a.txt': 'two\n' }, message: 'Second' });
  const clone = join(folder, 'app');
  await run('git', ['clone', '--quiet', withCredentials(url), clone]);
  expect(await readFile(join(clone, 'a.txt'), 'utf8')).toBe('two\n');
  const log = await run('git', ['log', '--format=%H %s'], { cwd: clone });
  expect(log.stdout).toBe(`${second} Second\n${first} First\n`);

  const { promise: announced, resolve } = Promise.withResolvers<RefUpdate>();
  server.onRefUpdate(resolve);
  await writeFile(join(clone, 'b.txt'), 'b\n');
  await run('git', ['add', '-A'], { cwd: clone });
  await run('git', ['-c', 'user.name=Bob', '-c', 'user.email=bob@example.com', 'commit', '-qm', 'Third'], {
    cwd: clone,
  });
  await run('git', ['push', '--quiet'], { cwd: clone });
  const head = (await server.refs('web/app')).get('refs/heads/main');
  expect(await announced).toMatchObject({ repository: 'web/app', ref: 'refs/heads/main', before: second, after: head });
});

test('a protected branch refuses a push, and wrong credentials are refused', async () => {
  const url = await server.createRepository('guarded');
  await server.commit('guarded', { files: { a: 'a' }, message: 'First' });
  await server.protect('guarded', 'main');
  const clone = join(folder, 'guarded');
  await run('git', ['clone', '--quiet', withCredentials(url), clone]);
  await run(
    'git',
    ['-c', 'user.name=Bob', '-c', 'user.email=bob@example.com', 'commit', '-qm', 'Empty', '--allow-empty'],
    { cwd: clone },
  );
  await expect(run('git', ['push'], { cwd: clone })).rejects.toThrow(/Protected branch update failed/);
  await expect(
    run('git', ['ls-remote', url.replace('http://', 'http://ada:wrong@')], {
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
    }),
  ).rejects.toThrow(/Authentication failed/);
});

test('a branch can be rewritten, moved and deleted', async () => {
  await server.createRepository('moving', { defaultBranch: 'trunk' });
  const first = await server.commit('moving', { files: { a: 'a' }, message: 'First' });
  await server.commit('moving', { files: { b: 'b' }, message: 'Second' });
  const other = await server.commit('moving', { files: { c: 'c' }, message: 'Instead', parent: first });
  const root = await server.commit('moving', { files: { d: 'd' }, message: 'Anew', parent: null });
  expect(await server.git('moving', 'ls-tree', '--name-only', other)).toBe('a\nc\n');
  expect(await server.git('moving', 'log', '--format=%H', 'trunk')).toBe(`${root}\n`);
  expect(await server.git('moving', 'ls-tree', '--name-only', root)).toBe('d\n');
  await server.setRef('moving', 'refs/heads/trunk', undefined);
  expect([...(await server.refs('moving')).keys()]).toEqual([]);
});
