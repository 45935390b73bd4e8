import { forgeContract } from '@fairlead/ports/contracts/forge';
import { startGithub, type GithubServer } from '@fairlead/testkit/forge';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { githubForge } from './index.ts';

const token = 'github_pat_0123456789';
const place = { owner: 'shop', repository: 'fleet' };
const repositoryUrl = 'https://github.example/shop/fleet.git';

const forgeOf = ({ url }: GithubServer, given = token) =>
  githubForge({ repositoryUrl, branch: 'main', token: async () => `${given}\n`, apiUrl: url });

const states = { Good: 'success', Bad: 'failure', Pending: 'pending', Missing: 'error' } as const;

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
        say: (commit, context, status) => server.say(commit, { context, state: states[status] }),
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

  test.each([
    { status: 'in_progress', conclusion: null, is: 'Pending' },
    { status: 'completed', conclusion: 'success', is: 'Good' },
    { status: 'completed', conclusion: 'neutral', is: 'Good' },
    { status: 'completed', conclusion: 'skipped', is: 'Missing' },
    { status: 'completed', conclusion: 'timed_out', is: 'Bad' },
  ])('a check that is $status and $conclusion is $is', async ({ is, ...run }) => {
    const commit = 'c'.repeat(40);
    server.say(commit, { name: 'e2e', ...run });
    const question = { repositoryUrl: 'https://github.example/shop/web', commit, context: 'e2e', timeoutMs: 5_000 };
    expect(await forgeOf(server).status(question)).toBe(is);
  });

  test('of several checks of one name, all must be good', async () => {
    const commit = 'c'.repeat(40);
    for (const conclusion of ['success', 'failure'])
      server.say(commit, { name: 'e2e', status: 'completed', conclusion });
    const question = { repositoryUrl: 'https://github.example/shop/web', commit, context: 'e2e', timeoutMs: 5_000 };
    expect(await forgeOf(server).status(question)).toBe('Bad');
  });

  test('its token goes to no other host', async () => {
    const repositoryUrl = 'https://elsewhere.example/shop/web';
    const asked = forgeOf(server).status({ repositoryUrl, commit: 'c', context: 'e2e', timeoutMs: 5_000 });
    await expect(asked).rejects.toThrow("the hub's forge is github.example");
    expect(server.requests).toEqual([]);
  });

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
