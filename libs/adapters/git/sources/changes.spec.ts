import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gitSourceAdapter, type GitSourceAdapter } from '../index.ts';

const credentials = { username: 'hub', password: 'let me in' };
let server: GitServer;
let adapter: GitSourceAdapter;
let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-changes-'));
  server = await startGitServer({ auth: credentials });
  adapter = gitSourceAdapter({ folder });
});
afterAll(async () => {
  adapter.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function repository() {
  count += 1;
  const name = `app-${count}`;
  const url = await server.createRepository(name);
  return { name, source: { git: { url, path: 'deploy', ref: { branch: 'main' } } } };
}

/** What git itself says: first parents, and whether the folder is another one than in the commit before. */
async function oracle(name: string): Promise<{ commit: string; changed: boolean }[]> {
  const commits = (await server.git(name, 'rev-list', '--first-parent', 'main')).trim().split('\n');
  const trees = await Promise.all(
    commits.map((commit) => server.git(name, 'rev-parse', '--verify', `${commit}:deploy`).catch(() => 'none')),
  );
  return commits.map((commit, at) => ({ commit, changed: trees[at] !== (trees[at + 1] ?? 'none') }));
}

test('whatever was pushed, the commits are those that git finds, forwards and back', async () => {
  const step = fc.record({
    kind: fc.constantFrom('deploy', 'beside', 'merge'),
    times: fc.constantFrom(1, 3, 20),
    fetch: fc.boolean(),
  });
  const request = { credentials, most: 1000 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat(), async (steps, one, other) => {
      const { name, source } = await repository();
      const first = await server.commit(name, { files: { b: '0' }, message: 'First' });
      for (const [index, { kind, times, fetch }] of steps.entries()) {
        for (let time = 0; time < times; time += 1) {
          const files = { [kind === 'deploy' ? 'deploy/a' : 'b']: `${index} ${time}` };
          await server.commit(name, { files, message: `${index}`, ...(kind === 'merge' ? { merge: first } : {}) });
        }
        const head = { head: '', credentials };
        if (fetch) await adapter.fetch(source, head).catch(() => undefined); // there may be nothing under the root
      }
      const line = await oracle(name);
      const [at, to] = [one % line.length, other % line.length].sort((a, b) => a - b) as [number, number];
      const [newer, older] = [line[at]?.commit ?? '', line[to]?.commit ?? ''];
      const between = line.slice(at, to).flatMap(({ commit, changed }) => (changed ? [commit] : []));
      const came = await adapter.changes(source, { ...request, from: older, to: newer });
      expect(came).toMatchObject({ more: false, reached: true, back: false });
      expect(came.commits.map(({ commit }) => commit)).toEqual(between);
      const went = await adapter.changes(source, { ...request, from: newer, to: older });
      expect(went.commits).toEqual(came.commits);
      expect(went.back).toBe(newer !== older);
    }),
    { numRuns: 6, seed: 4711 },
  );
});

test('a revision that a rewrite took from the branch is compared where the server gives it out', async () => {
  const { name, source } = await repository();
  const first = await server.commit(name, { files: { 'deploy/a': '1' }, message: 'First' });
  let lost = first;
  for (let index = 0; index < 20; index += 1)
    lost = await server.commit(name, { files: { 'deploy/a': `lost ${index}` }, message: 'Lost' });
  const anew = await server.commit(name, { files: { 'deploy/a': '2' }, message: 'Anew', parent: first });
  const request = { credentials, from: lost, to: anew, most: 50 };
  const newest = { commits: [{ commit: anew }, { commit: first }], more: true, reached: false, back: false };
  expect(await adapter.changes(source, request)).toMatchObject(newest);
  await server.git(name, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  const parted = { commits: [{ commit: anew }], more: false, reached: false, back: false };
  expect(await adapter.changes(source, request)).toMatchObject(parted);
  expect(await adapter.changes(source, { ...request, from: first, to: lost })).toMatchObject({ reached: true });
});

test('nothing is told to credentials that may not read, though it is here', async () => {
  const { name, source } = await repository();
  const from = await server.commit(name, { files: { 'deploy/a': '1' }, message: 'First' });
  const to = await server.commit(name, { files: { 'deploy/a': '2' }, message: 'The secret plan' });
  const request = { from, to, most: 50 };
  expect((await adapter.changes(source, { ...request, credentials })).commits).toHaveLength(1);
  for (const wrong of [{}, { credentials: { ...credentials, password: 'guess' } }])
    await expect(adapter.changes(source, { ...request, ...wrong })).rejects.toMatchObject({
      reason: 'SourceRejected',
    });
});

test('a subject is one line of bearable length without control characters', async () => {
  const { name, source } = await repository();
  const from = await server.commit(name, { files: { 'deploy/a': '1' }, message: 'First' });
  const author = { name: `Eve ${'e'.repeat(300)}`, email: 'eve@example.com' };
  const message = `\u001b[2JWipe${'!'.repeat(300)}\n\nMore`;
  const to = await server.commit(name, { files: { 'deploy/a': '2' }, message, author });
  const { commits } = await adapter.changes(source, { credentials, from, to, most: 50 });
  expect(commits[0]?.subject).toMatch(/^\[2JWipe!{193}$/);
  expect(commits[0]?.author.name).toHaveLength(200);
});
