import type { CommitStatus, Forge, MemoryForgeServer } from '@fairlead/ports/forge';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** A forge under test, and its other side. */
export interface OpenedForge {
  readonly forge: Forge;
  readonly server: MemoryForgeServer;
  close(): Promise<void>;
}

const branch = 'fairlead/prod/web/shop';
const sourceUrl = 'https://github.example/shop/web.git';
const commit = 'c'.repeat(40);
const request = { branch, title: 'Promote web/shop 1.2.0 to prod', body: 'Gates: soak passed.' };

/** What every forge promises; run against the fake and each adapter. */
export function forgeContract(name: string, harness: { open(): Promise<OpenedForge> }): void {
  describe(`forge contract: ${name}`, () => {
    let opened: OpenedForge;
    beforeEach(async () => {
      opened = await harness.open();
    });
    afterEach(async () => {
      await opened.close();
    });

    test('a branch gets one pull request, whose words follow', async () => {
      const { forge, server } = opened;
      const one = await forge.open(request);
      expect(one).toMatchObject({ number: 1, state: 'Open' });
      const two = await forge.open({ ...request, title: 'Promote web/shop 1.3.0 to prod' });
      expect(two).toMatchObject({ number: 1, url: one.url });
      expect(await server.pulls()).toMatchObject([{ branch, title: 'Promote web/shop 1.3.0 to prod', state: 'Open' }]);
    });

    test('branches have pull requests of their own', async () => {
      const { forge } = opened;
      await forge.open(request);
      expect(await forge.open({ ...request, branch: `${branch}-2` })).toMatchObject({ number: 2 });
    });

    test('what people did with it is told, and the next one is another', async () => {
      const { forge, server } = opened;
      const { number } = await forge.open(request);
      await server.merge(number);
      expect(await forge.look(number)).toMatchObject({ state: 'Merged' });
      const next = await forge.open(request);
      expect(next).toMatchObject({ number: number + 1, state: 'Open' });
      await server.close(next.number);
      expect(await forge.look(next.number)).toMatchObject({ state: 'Closed' });
    });

    test('one that is not needed any more is closed with the words why', async () => {
      const { forge, server } = opened;
      const { number } = await forge.open(request);
      await forge.close(number, '1.3.0 took its place.');
      expect(await server.pulls()).toMatchObject([{ state: 'Closed', comments: ['1.3.0 took its place.'] }]);
    });

    test('one that was merged stays merged', async () => {
      const { forge, server } = opened;
      const { number } = await forge.open(request);
      await server.merge(number);
      await forge.close(number, 'too late');
      expect(await forge.look(number)).toMatchObject({ state: 'Merged' });
    });

    test('one that nobody opened is not found', async () => {
      await expect(opened.forge.look(7)).rejects.toMatchObject({ code: 'NotFound', reason: 'SourceNotFound' });
    });

    test('what is said of a commit is told by its name, the newest word alone', async () => {
      const { forge, server } = opened;
      const ask = (context: string): Promise<CommitStatus> =>
        forge.status({ repositoryUrl: sourceUrl, commit, context, timeoutMs: 5_000 });
      expect(await ask('ci/e2e')).toBe('Missing');
      for (const status of ['Pending', 'Bad', 'Good'] as const) {
        server.say(commit, 'ci/e2e', status);
        expect(await ask('ci/e2e')).toBe(status);
      }
      expect(await ask('ci')).toBe('Missing');
    });

    test('a forge that is down, or refuses the credentials, is told apart', async () => {
      const { forge, server } = opened;
      server.down(true);
      await expect(forge.open(request)).rejects.toMatchObject({ reason: 'SourceUnavailable', retry: 'backoff' });
      server.down(false);
      server.refuseCredentials(true);
      await expect(forge.open(request)).rejects.toMatchObject({ reason: 'SourceRejected' });
      server.refuseCredentials(false);
      expect(await forge.open(request)).toMatchObject({ number: 1 });
    });
  });
}
