import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gitSourceAdapter, type GitSourceAdapter } from '../index.ts';

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-revisions-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function sourceAt(url: string) {
  return { git: { url, path: 'deploy', ref: { branch: 'main' } } };
}

/** What git itself says: walk first parents while the folder is the same object. */
async function oracle(server: GitServer, name: string): Promise<string> {
  const commits = (await server.git(name, 'rev-list', '--first-parent', 'main')).trim().split('\n');
  const trees = await Promise.all(
    commits.map((commit) => server.git(name, 'rev-parse', '--verify', `${commit}:deploy`).catch(() => 'none')),
  );
  let same = 0;
  while (trees[same + 1] === trees[0]) same += 1;
  return commits[same] ?? '';
}

describe.each([
  ['version 2', true],
  ['version 1', false],
])('over protocol %s', (_, protocolV2) => {
  let server: GitServer;
  let adapter: GitSourceAdapter;

  beforeAll(async () => {
    server = await startGitServer({ protocolV2 });
    count += 1;
    adapter = gitSourceAdapter({ folder: join(folder, `${count}`) });
  });
  afterAll(async () => {
    adapter.close();
    await server.stop();
  });

  async function fetched(url: string) {
    return await adapter.fetch(sourceAt(url), await adapter.check(sourceAt(url), {}));
  }

  test('whatever is pushed, the revision is the one that git finds', async () => {
    const step = fc.record({
      kind: fc.constantFrom('deploy', 'beside', 'beside', 'merge', 'rewrite'),
      content: fc.integer({ min: 0, max: 2 }),
      times: fc.constantFrom(1, 1, 3, 20),
      fetch: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        count += 1;
        const name = `app-${count}`;
        const url = await server.createRepository(name);
        let before = await server.commit(name, { files: { 'deploy/a': '0', b: '0' }, message: 'First' });
        for (const [index, { kind, content, times, fetch }] of steps.entries()) {
          const old = before;
          for (let time = 0; time < times; time += 1) {
            const files = {
              [kind === 'deploy' ? 'deploy/a' : 'b']: `${content} ${kind === 'deploy' ? '' : `${index} ${time}`}`,
            };
            const rewrite = kind === 'rewrite' && time === 0 ? { parent: old } : {};
            const merge = kind === 'merge' && time > 0 ? { merge: old } : {};
            before = await server.commit(name, { files, message: `${index}`, ...rewrite, ...merge });
          }
          if (fetch) expect((await fetched(url)).revision).toBe(await oracle(server, name));
        }
        expect((await fetched(url)).revision).toBe(await oracle(server, name));
      }),
      { numRuns: 6, seed: 4711 },
    );
  });

  test('a pinned commit that no ref leads to is fetched by its name, where the server gives it out', async () => {
    count += 1;
    const name = `app-${count}`;
    const url = await server.createRepository(name);
    const lost = await server.commit(name, { files: { 'deploy/a': 'lost' }, message: 'Lost' });
    await server.commit(name, { files: { 'deploy/a': 'new' }, message: 'Anew', parent: null });
    await expect(adapter.fetchRevision(sourceAt(url), { revision: lost })).rejects.toMatchObject({
      reason: 'RevisionGone',
    });
    await server.git(name, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
    const files = await adapter.fetchRevision(sourceAt(url), { revision: lost });
    expect(Buffer.from(files.get('deploy/a')?.bytes ?? []).toString()).toBe('lost');
  });
});

test('what was fetched with credentials is not given out without them', async () => {
  const credentials = { username: 'hub', password: 'let me in' };
  const server = await startGitServer({ auth: credentials });
  const adapter = gitSourceAdapter({ folder: join(folder, 'private') });
  try {
    const url = await server.createRepository('private');
    const head = await server.commit('private', { files: { 'deploy/a': 'secret' }, message: 'First' });
    await adapter.fetch(sourceAt(url), { head, credentials });
    for (const wrong of [{}, { credentials: { ...credentials, password: 'guess' } }]) {
      const read = adapter.fetchRevision(sourceAt(url), { revision: head, ...wrong });
      await expect(read).rejects.toMatchObject({ reason: 'SourceRejected' });
      await expect(adapter.fetch(sourceAt(url), { head, ...wrong })).rejects.toMatchObject({
        reason: 'SourceRejected',
      });
    }
  } finally {
    adapter.close();
    await server.stop();
  }
});
