import { treeDigest } from '@fairlead/core/bundle';
import { manualClock } from '@fairlead/ports/clock';
import { memorySource } from '@fairlead/ports/source';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { watchSources, type WatcherPorts } from './watcher.ts';

const url = 'https://memory.example/source';

function setUp() {
  const { adapter, server, source } = memorySource();
  const clock = manualClock();
  const asked: string[] = [];
  const counting = {
    ...adapter,
    check: (...args: Parameters<typeof adapter.check>) => (asked.push('check'), adapter.check(...args)),
    fetch: (...args: Parameters<typeof adapter.fetch>) => (asked.push('fetch'), adapter.fetch(...args)),
  };
  const ports: WatcherPorts = {
    adapters: [counting],
    store: memoryStore(),
    clock,
    credentials: async () => undefined,
    keep: () => undefined,
    treeDigest,
  };
  const wanted = [{ key: 'k', source: source({ path: 'deploy' }), url, team: 'default' }];
  return { server, clock, asked, ports, wanted, watcher: watchSources(ports, { pollMs: 5000 }) };
}

test('a new head is fetched once; asking again where nothing moved fetches nothing', async () => {
  const { server, watcher, wanted, asked } = setUp();
  const head = await server.commit({ files: { 'deploy/a.yaml': 'a' } });
  watcher.follow(wanted);
  await watcher.check();
  expect(watcher.state('k')).toMatchObject({ head, revision: head });
  asked.length = 0;
  await watcher.check();
  expect(asked).toEqual(['check']);
});

test('a commit that touches nothing under the root keeps revision and digest', async () => {
  const { server, watcher, wanted } = setUp();
  const first = await server.commit({ files: { 'deploy/a.yaml': 'a' } });
  watcher.follow(wanted);
  await watcher.check();
  const before = watcher.state('k');
  const second = await server.commit({ files: { 'README.md': 'x' } });
  await watcher.check(`${url}.git/`);
  expect(watcher.state('k')).toEqual({ ...before, head: second, revision: first });
});

test('a server that is down keeps the last good state and says so; it is asked again when its pause is over', async () => {
  const { server, watcher, wanted, clock, ports } = setUp();
  await server.commit({ files: { 'deploy/a.yaml': 'a' } });
  watcher.follow(wanted);
  await watcher.check();
  const good = watcher.state('k');
  server.down(true);
  await watcher.check();
  expect(watcher.state('k')).toMatchObject({ ...good, problem: { reason: 'SourceUnavailable' } });
  expect(await ports.store.fact('source:k')).toMatchObject({
    digest: good?.digest,
    problem: { reason: 'SourceUnavailable' },
  });
  server.down(false);
  const told = new Promise<void>((resolve) => void ports.store.onOutbox(resolve));
  clock.advance(10_000);
  await told;
  expect(watcher.state('k')).toEqual(good);
});

test('a restart goes on from what was found, and fetches nothing', async () => {
  const { server, watcher, wanted, ports, asked } = setUp();
  await server.commit({ files: { 'deploy/a.yaml': 'a' } });
  watcher.follow(wanted);
  await watcher.check();
  const before = watcher.state('k');
  watcher.close();
  asked.length = 0;
  const second = watchSources(ports, { pollMs: 5000 });
  second.follow(wanted);
  await second.check();
  expect(second.state('k')).toEqual(before);
  expect(asked).not.toContain('fetch');
});

test('what the store did not take is a problem, and is told when it takes it again', async () => {
  const { server, wanted, ports, clock } = setUp();
  const head = await server.commit({ files: { 'deploy/a.yaml': 'a' } });
  let isDown = true;
  const guarded =
    <Arguments extends unknown[], Result>(work: (...given: Arguments) => Promise<Result>) =>
    async (...given: Arguments): Promise<Result> => {
      if (isDown) throw new Error('the disk is full');
      return work(...given);
    };
  const store = { ...ports.store, write: guarded(ports.store.write), fact: guarded(ports.store.fact) };
  const watcher = watchSources({ ...ports, store }, { pollMs: 5000 });
  watcher.follow(wanted);
  await watcher.check();
  expect(watcher.problems()).toMatchObject([{ code: 'Internal', message: 'the disk is full' }]);
  isDown = false;
  const told = new Promise<void>((resolve) => void ports.store.onOutbox(resolve));
  clock.advance(60_000);
  await told;
  expect(await ports.store.fact('source:k')).toMatchObject({ head });
  await watcher.check();
  expect(watcher.problems()).toEqual([]);
});

test('a head that was found while nothing could be written is not forgotten', async () => {
  const { server, wanted, ports } = setUp();
  await server.commit({ files: { 'deploy/a.yaml': 'a' } });
  let isFull = false;
  const write: typeof ports.store.write = async (...given) => {
    if (isFull) throw new Error('the disk is full');
    return ports.store.write(...given);
  };
  const watcher = watchSources({ ...ports, store: { ...ports.store, write } }, { pollMs: 5000 });
  watcher.follow(wanted);
  await watcher.check();
  const head = await server.commit({ files: { 'deploy/a.yaml': 'b' } });
  isFull = true;
  await watcher.check();
  isFull = false;
  await watcher.check();
  expect(await ports.store.fact('source:k')).toMatchObject({ head });
});
