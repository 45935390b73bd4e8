import type { ApplicationId } from '@fairlead/core/model';
import { memoryRepository } from '@fairlead/ports/repository';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { readFleetRepository } from './read.ts';

const fleet = 'apiVersion: fairlead.dev/v1alpha1\nkind: Fleet\nmetadata: { name: acme }\n';
const environment =
  'apiVersion: fairlead.dev/v1alpha1\nkind: Environment\nmetadata: { name: dev }\nspec: { clusters: { matchLabels: { env: dev } } }\n';
const application = (namespace: string, gate = ''): string =>
  `apiVersion: fairlead.dev/v1alpha1\nkind: Application\nmetadata: { name: web }\nspec:\n  source: { git: { url: "https://git.example.com/web", path: deploy } }\n  namespace: ${namespace}\n  pipeline: [{ environment: dev${gate} }]\n`;
const release = (digest: string, commit: string): string =>
  `apiVersion: fairlead.dev/v1alpha1\nkind: Release\nmetadata: { name: web, team: default, environment: dev }\nspec:\n  version: "1"\n  digest: sha256:${digest.repeat(64)}\n  definition: { repository: "https://git.example.com/fleet", commit: ${commit.repeat(40)} }\n  sources: { main: { revision: r${digest}, digest: sha256:${digest.repeat(64)} } }\n  renderer: { kustomize: 5.8.2 }\n`;

const web = 'default/web' as ApplicationId;
const key = 'dev/default/web';

function setUp() {
  const { repository, server } = memoryRepository();
  const store = memoryStore();
  const reader = () => readFleetRepository({ repository, store }, { branch: 'fleet#main' });
  const first = () =>
    server.commit({
      message: 'First',
      files: { 'fairlead.yaml': fleet, 'env.yaml': environment, 'web.yaml': application('one') },
    });
  return { repository, store, server, reader, first };
}

test('a definition has its content since the commit that last changed it, not since a change of policy', async () => {
  const { server, reader, first } = setUp();
  await first();
  const second = await server.commit({ message: 'Content', files: { 'web.yaml': application('two') } });
  await server.commit({ message: 'Policy', files: { 'web.yaml': application('two', ', gates: [{ soak: 5m }]') } });
  expect((await reader().refresh()).definitions.get(web)?.since).toBe(second);
});

test('content that comes back by a revert counts since the revert', async () => {
  const { server, reader, first } = setUp();
  await first();
  await server.commit({ message: 'Content', files: { 'web.yaml': application('two') } });
  const back = await server.commit({ message: 'Revert', files: { 'web.yaml': application('one') } });
  expect((await reader().refresh()).definitions.get(web)?.since).toBe(back);
});

test('a broken document keeps its last good state and is a problem with file and line, also after a restart', async () => {
  const { server, reader, first } = setUp();
  const good = await first();
  const running = reader();
  await running.refresh();
  await server.commit({
    message: 'Break',
    files: { 'web.yaml': application('one').replace('namespace', 'namespacee') },
  });
  for (const one of [running, reader()]) {
    const snapshot = await one.refresh();
    expect(snapshot.documents.applications.get(web)?.spec.namespace).toBe('one');
    expect(snapshot.documents.held.get(web)?.[0]?.subject.file).toBe('web.yaml');
    expect(snapshot.definitions.get(web)?.since).toBe(good);
    expect(snapshot.problems[0]?.subject).toMatchObject({ file: 'web.yaml', line: 6 });
  }
});

test('every release that the ledger file ever named is known, newest first, and its removal too', async () => {
  const { server, reader, first } = setUp();
  await first();
  await server.commit({ message: 'Promote a', files: { [`ledger/${key}.yaml`]: release('a', 'a') } });
  await server.commit({ message: 'Promote b', files: { [`ledger/${key}.yaml`]: release('b', 'a') } });
  const removed = await server.commit({ message: 'Remove', files: { [`ledger/${key}.yaml`]: null } });
  const snapshot = await reader().refresh();
  expect(snapshot.named.get(key)?.map((one) => one.digest.slice(7, 8))).toEqual(['b', 'a']);
  expect(snapshot.removed.get(key)).toBe(removed);
});

test('the commit that took a pipeline entry away is known', async () => {
  const { server, reader, first } = setUp();
  await first();
  await server.commit({ message: 'Promote a', files: { [`ledger/${key}.yaml`]: release('a', 'a') } });
  const gone = await server.commit({ message: 'Delete the application', files: { 'web.yaml': null } });
  await server.commit({ message: 'Something else', files: { 'README.yaml': null, 'env.yaml': `${environment}# x\n` } });
  expect((await reader().refresh()).left.get(key)).toBe(gone);
});

test('a rewritten branch is held until a commit acknowledges it', async () => {
  const { server, reader, first } = setUp();
  const old = await first();
  const running = reader();
  await running.refresh();
  await server.commit({ parent: null, message: 'Rewrite', files: { 'fairlead.yaml': fleet } });
  await expect(running.refresh()).rejects.toMatchObject({ reason: 'LedgerRewritten' });
  expect(running.current()?.head).toBe(old);
  const acknowledged = await server.commit({
    message: `Acknowledge\n\nFairlead-Acknowledge: Rewrite ${old}`,
    files: {},
  });
  expect((await running.refresh()).head).toBe(acknowledged);
});

test('a restart goes on from what the store keeps and comes to the same', async () => {
  const { server, reader, first } = setUp();
  await first();
  await server.commit({ message: 'Promote a', files: { [`ledger/${key}.yaml`]: release('a', 'a') } });
  const before = await reader().refresh();
  await server.commit({ message: 'Promote b', files: { [`ledger/${key}.yaml`]: release('b', 'a') } });
  const after = await reader().refresh();
  expect(after.named.get(key)?.slice(1)).toEqual(before.named.get(key));
  expect(after.definitions).toEqual(before.definitions);
});

test('what only the history before a rewrite named is forgotten, also after a restart', async () => {
  const { server, reader, first } = setUp();
  await first();
  const old = await server.commit({ message: 'Promote a', files: { [`ledger/${key}.yaml`]: release('a', 'a') } });
  const running = reader();
  await running.refresh();
  await server.commit({
    parent: null,
    message: `Begin anew\n\nFairlead-Acknowledge: Rewrite ${old}`,
    files: { 'fairlead.yaml': fleet, 'env.yaml': environment, 'web.yaml': application('one') },
  });
  for (const one of [running, reader()]) expect([...(await one.refresh()).named.keys()]).toEqual([]);
});

test('a head whose ledger could not be read is read whole the next time', async () => {
  const { server, repository, store, first } = setUp();
  let fails = false;
  const files: typeof repository.files = async (...given) => {
    if (fails && 'under' in (given[1] ?? {})) throw new Error('the disk is gone');
    return repository.files(...given);
  };
  const reader = readFleetRepository({ repository: { ...repository, files }, store }, { branch: 'fleet#main' });
  await first();
  await reader.refresh();
  await server.commit({ message: 'Content', files: { 'web.yaml': application('two') } });
  fails = true;
  await expect(reader.refresh()).rejects.toThrow('the disk is gone');
  fails = false;
  expect((await reader.refresh()).documents.applications.get(web)?.spec.namespace).toBe('two');
});
