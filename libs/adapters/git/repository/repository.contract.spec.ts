import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommitSha } from '@fairlead/core/model';
import { repositoryContract } from '@fairlead/ports/contracts/repository';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { afterAll, beforeAll } from 'vitest';
import { openGitRepository } from '../index.ts';

const credentials = { username: 'hub', password: 'let me in' };
let server: GitServer;
let folder: string;
let count = 0;

beforeAll(async () => {
  server = await startGitServer({ auth: credentials });
  folder = await mkdtemp(join(tmpdir(), 'fairlead-repository-'));
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

repositoryContract('git over smart HTTP', {
  async open() {
    count += 1;
    const name = `fleet-${count}`;
    const url = await server.createRepository(name);
    const repository = await openGitRepository({
      url,
      branch: 'main',
      folder: join(folder, name),
      credentials: async () => credentials,
    });
    return {
      repository,
      server: {
        commit: async (request) => (await server.commit(name, request)) as CommitSha,
        deleteBranch: () => server.setRef(name, 'refs/heads/main', undefined),
        branch: async (branch) => (await server.refs(name)).get(`refs/heads/${branch}`) as CommitSha | undefined,
        protect: (on) => server.protect(name, 'main', on),
        refuseCredentials: (on) => void (server.faults.credentialsExpired = on),
        down: (on) => void (server.faults.down = on),
      },
      close: async () => repository.close(),
    };
  },
});
