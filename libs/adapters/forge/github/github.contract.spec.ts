import { forgeContract } from '@fairlead/ports/contracts/forge';
import { startGithub, type GithubServer } from '@fairlead/testkit/forge';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { githubForge } from './index.ts';

const token = 'github_pat_0123456789';
const place = { owner: 'shop', repository: 'fleet' };
const repositoryUrl = 'https://github.example/shop/fleet.git';

const forgeOf = ({ url }: GithubServer, given = token) =>
  githubForge({ repositoryUrl, branch: 'main', token: async () => `${given}\n`, apiUrl: url });

forgeContract('GitHub by its documented shapes', {
  async open() {
    const server = await startGithub({ ...place, token });
    return {
      forge: forgeOf(server),
      server: {
        pulls: async () =>
          server.pulls.map((pull) => ({ ...pull, url: `https://github.example/shop/fleet/pull/${pull.number}` })),
        merge: (number) => server.merge(number),
        close: async (number) => server.close(number),
        down: (on) => void (server.faults.down = on),
        refuseCredentials: (on) => void (server.faults.credentialsRefused = on),
      },
      close: () => server.stop(),
    };
  },
});

describe('GitHub', () => {
  let server: GithubServer;
  beforeEach(async () => {
    server = await startGithub({ ...place, token });
  });
  afterEach(() => server.stop());

  const request = { branch: 'fairlead/prod/web/shop', title: 'Promote', body: '' };

  test('says when its share is used up, and is left alone until then', async () => {
    server.faults.limitedForSeconds = 120;
    const refused = await forgeOf(server)
      .open(request)
      .catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code: 'ResourceExhausted', reason: 'SourceUnavailable' });
    const { retry } = refused as { retry: { afterMs: number } };
    expect(retry.afterMs).toBeGreaterThan(100_000);
    expect(retry.afterMs).toBeLessThanOrEqual(121_000);
  });

  test('hears nothing of a token in an error', async () => {
    const refused = await forgeOf(server, 'another_token')
      .open(request)
      .catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ reason: 'SourceRejected' });
    expect((refused as Error).message).not.toContain('another_token');
  });

  test('that is not there is unavailable', async () => {
    const forge = githubForge({
      repositoryUrl,
      branch: 'main',
      token: async () => token,
      apiUrl: 'http://127.0.0.1:1',
    });
    await expect(forge.look(1)).rejects.toMatchObject({ code: 'Unavailable', reason: 'SourceUnavailable' });
  });

  test.each(['not a url', 'https://github.com/shop', 'https://github.com/a/b/c'])('refuses %s', (url) => {
    expect(() => githubForge({ repositoryUrl: url, branch: 'main', token: async () => token })).toThrow(
      'names no owner and repository',
    );
  });
});
