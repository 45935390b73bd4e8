import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sourceContract } from '@fairlead/ports/contracts/source';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { afterAll, beforeAll } from 'vitest';
import { gitSourceAdapter } from '../index.ts';

const credentials = { username: 'hub', password: 'let me in' };
let server: GitServer;
let folder: string;
let count = 0;

beforeAll(async () => {
  server = await startGitServer({ auth: credentials });
  folder = await mkdtemp(join(tmpdir(), 'fairlead-sources-'));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

sourceContract('git over smart HTTP', {
  async open() {
    count += 1;
    const name = `app-${count}`;
    const url = await server.createRepository(name);
    const adapter = gitSourceAdapter({ folder: join(folder, name) });
    return {
      adapter,
      access: { credentials },
      source: ({ root, path = '.', ref = { branch: 'main' } } = {}) => ({
        git: { url, path, ref, ...(root === undefined ? {} : { root }) },
      }),
      server: {
        commit: ({ message = 'Change', ...request }) => server.commit(name, { ...request, message }),
        tag: (tag, commit) => server.annotatedTag(name, { name: tag, commit, message: tag }),
        deleteBranch: () => server.setRef(name, 'refs/heads/main', undefined),
        refuseCredentials: (on) => void (server.faults.credentialsExpired = on),
        down: (on) => void (server.faults.down = on),
      },
      close: async () => adapter.close(),
    };
  },
});
