import { manualClock } from '@fairlead/ports/clock';
import { memoryRepository } from '@fairlead/ports/repository';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { fencedRepository } from './fenced.ts';

const ttlMs = 9_000;
const drafts = [{ message: 'Promote', files: new Map([['ledger.yaml', 'x']]) }];

/** A leader whose process can be stopped between the store's word and the push; no other leader pushes meanwhile. */
async function leader() {
  const monotonic = manualClock();
  const wall = manualClock(1_000_000);
  const store = memoryStore({ now: wall.now });
  const { repository, server } = memoryRepository();
  await server.commit({ message: 'First', files: { 'a.yaml': 'a' } });
  const base = await repository.fetch();
  let stopped = (): void => undefined;
  const confirm = async (): Promise<void> => {
    expect(await store.lead({ holder: 'old', ttlMs })).toBe(1);
    stopped();
  };
  const fenced = fencedRepository(repository, { confirm, ttlMs, clocks: [monotonic.now, wall.now] });
  return {
    push: () => fenced.push(base, drafts),
    isUnmoved: async () => (await repository.remoteHead()) === base,
    store,
    monotonic,
    wall,
    stopWhile: (happens: () => void) => void (stopped = happens),
  };
}

test('a leader that is stopped after its lease was confirmed, until another one may lead, pushes nothing', async () => {
  const { push, isUnmoved, store, monotonic, wall, stopWhile } = await leader();
  stopWhile(() => {
    monotonic.advance(ttlMs);
    wall.advance(ttlMs);
  });
  await expect(push()).rejects.toMatchObject({ code: 'Aborted', reason: 'NotLeading' });
  expect(await store.lead({ holder: 'new', ttlMs })).toBe(2);
  expect(await isUnmoved()).toBe(true);
});

test.each(['monotonic', 'wall'] as const)('it is enough that the %s clock says so', async (name) => {
  const given = await leader();
  given.stopWhile(() => given[name].advance(ttlMs));
  await expect(given.push()).rejects.toMatchObject({ reason: 'NotLeading' });
  expect(await given.isUnmoved()).toBe(true);
});

test('a stop that the lease outlives costs nothing, and the next push starts anew', async () => {
  const { push, isUnmoved, monotonic, stopWhile } = await leader();
  stopWhile(() => monotonic.advance(ttlMs));
  await expect(push()).rejects.toMatchObject({ reason: 'NotLeading' });
  stopWhile(() => monotonic.advance(ttlMs - 1));
  expect(await push()).toMatchObject({ pushed: true });
  expect(await isUnmoved()).toBe(false);
});
