import type { Source } from '@fairlead/core/model';
import { memorySource, type SourceAdapter } from '@fairlead/ports/source';
import { expect, test } from 'vitest';
import { compareSources, rememberCompared } from './changes.ts';

/** A source with three commits, and what its adapter was asked. */
async function setUp() {
  const memory = memorySource();
  const commits: string[] = [];
  for (const text of ['1', '2', '3']) commits.push(await memory.server.commit({ files: { a: text } }));
  const [first = '', second = '', third = ''] = commits;
  const asked: unknown[] = [];
  const adapter: SourceAdapter = {
    ...memory.adapter,
    changes(source, request) {
      asked.push(request);
      return memory.adapter.changes(source, request);
    },
  };
  const credentials = async ({ team }: { team: string }) => (team === 'web' ? { password: 'web' } : undefined);
  const compare = rememberCompared(compareSources({ adapters: [adapter], credentials }));
  const between = (from: string, to: string, team = 'web') =>
    compare({ source: memory.source(), team, from, to, most: 50 });
  return { server: memory.server, compare, between, asked, first, second, third };
}

test('the same is asked of the server once, and with the credentials of each team', async () => {
  const { between, asked, first, third } = await setUp();
  const [one, two] = await Promise.all([between(first, third), between(first, third)]);
  expect(one.commits).toHaveLength(2);
  expect(two).toEqual(one);
  await between(first, third);
  await between(first, third, 'shop');
  const request = { from: first, to: third, most: 50 };
  expect(asked).toEqual([{ ...request, credentials: { password: 'web' } }, request]);
});

test('a failure is not remembered, and holds up nobody else', async () => {
  const { server, between, first, second, third } = await setUp();
  server.down(true);
  const failed = [between(first, third), between(second, third), between(first, second)];
  for (const one of failed) await expect(one).rejects.toMatchObject({ reason: 'SourceUnavailable' });
  server.down(false);
  expect((await between(first, third)).reached).toBe(true);
});

test('a kind of source that no adapter reads is refused', async () => {
  const { compare, first, third } = await setUp();
  const source: Source = { helm: { repository: 'https://charts.example.com', chart: 'shop', version: '1' } };
  const asked = compare({ source, team: 'web', from: first, to: third, most: 50 });
  await expect(asked).rejects.toMatchObject({ reason: 'SourceUnsupported' });
});
