import { memoryBus } from '@fairlead/ports/bus';
import { manualClock } from '@fairlead/ports/clock';
import { memoryRepository } from '@fairlead/ports/repository';
import { memoryStore } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { fencedRepository, fencedStore } from './fenced.ts';
import { seekLead, type Lead } from './lead.ts';

const ttlMs = 9_000;

function setUp() {
  const clock = manualClock(1_000);
  const bus = memoryBus();
  const store = memoryStore({ now: clock.now });
  const errors: unknown[] = [];
  const log: string[] = [];
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    await bus.settled();
  };
  /** A process whose clock and store can be stopped, as SIGSTOP does. */
  const seek = (instance: string, alone = false) => {
    const own = manualClock(1_000);
    let lead: Lead | undefined;
    const candidacy = seekLead(
      { store, bus, clock: own, onError: (error) => void errors.push(error) },
      {
        instance,
        ttlMs,
        alone,
        restored: async (fence) => void log.push(`${instance} finds the store set back, under ${fence}`),
        begin: (given) => {
          lead = given;
          log.push(`${instance} leads`);
          return { end: async () => void log.push(`${instance} ends`) };
        },
      },
    );
    return {
      candidacy,
      clock: own,
      lead: () => {
        if (lead === undefined) throw new Error(`${instance} never led`);
        return lead;
      },
    };
  };
  /** Time passes for the store and for those that are not stopped. */
  const pass = async (byMs: number, ...running: readonly { clock: typeof clock }[]): Promise<void> => {
    for (let left = byMs; left > 0; left -= 1_000) {
      clock.advance(1_000);
      for (const one of running) one.clock.advance(1_000);
      await turns();
    }
  };
  return { store, bus, errors, log, turns, seek, pass };
}

test('one leads for as long as it lives, and the other stands by', async () => {
  const { log, turns, seek, pass } = setUp();
  const a = seek('a');
  await turns();
  const b = seek('b');
  await pass(60_000, a, b);
  expect(log).toEqual(['a leads']);
  expect([a.candidacy.isLeading(), b.candidacy.isLeading()]).toEqual([true, false]);
});

test('who resigns is followed at once, by the bell', async () => {
  const { log, turns, seek } = setUp();
  const a = seek('a');
  await turns();
  const b = seek('b');
  await turns();
  await a.candidacy.close();
  await turns();
  expect(log).toEqual(['a leads', 'a ends', 'b leads']);
  await b.candidacy.close();
});

test('a stopped leader is followed when its lease runs out, and can write and push nothing when it goes on', async () => {
  const { store, errors, log, turns, seek, pass } = setUp();
  const { repository, server } = memoryRepository();
  await server.commit({ message: 'First', files: { 'a.yaml': 'a' } });
  const a = seek('a');
  await turns();
  const b = seek('b');
  const old = a.lead();
  await pass(15_000, b);
  expect(log).toEqual(['a leads', 'b leads']);

  const put = { put: 'fact', key: 'x', value: { by: 'a' } } as const;
  await expect(fencedStore(store, old.fence).write([put])).rejects.toMatchObject({ code: 'Conflict' });
  const head = await repository.fetch();
  const draft = { message: 'Late', files: new Map([['b.yaml', 'b']]) };
  await expect(
    fencedRepository(repository, { confirm: old.confirm, ttlMs, clocks: [a.clock.now] }).push(head, [draft]),
  ).rejects.toMatchObject({
    reason: 'NotLeading',
  });
  expect(await repository.fetch()).toBe(head);
  expect(await store.fact('x')).toBeUndefined();
  await turns();
  expect(log).toEqual(['a leads', 'b leads', 'a ends']);

  const newer = b.lead();
  await fencedStore(store, newer.fence).write([put]);
  expect(
    await fencedRepository(repository, { confirm: newer.confirm, ttlMs, clocks: [b.clock.now] }).push(head, [draft]),
  ).toMatchObject({ pushed: true });
  expect(errors).toEqual([]);
});

test('a lead that was lost for a moment begins a new term', async () => {
  const { store, log, turns, seek, pass } = setUp();
  const a = seek('a');
  await turns();
  await store.resign('a');
  await store.lead({ holder: 'somebody', ttlMs: 0 });
  await pass(4_000, a);
  expect(log).toEqual(['a leads', 'a ends', 'a leads']);
});

test('a store that was set back under its leader begins a new term, though it knows the fence', async () => {
  const { store, log, turns, seek, pass } = setUp();
  const a = seek('a');
  await turns();
  const copy = (await store.fact('leader')) ?? {};
  await pass(30_000, a);
  expect(log).toEqual(['a leads']);
  await store.write([{ put: 'fact', key: 'leader', value: copy }]);
  await expect(a.lead().confirm()).rejects.toMatchObject({ reason: 'NotLeading' });
  await turns();
  expect(log).toEqual(['a leads', 'a ends', 'a finds the store set back, under 1', 'a leads']);
  await pass(60_000, a);
  expect(log).toHaveLength(4);
});

test('a store that was set back is found also by the one that takes the lead then', async () => {
  const { store, log, turns, seek, pass } = setUp();
  const a = seek('a');
  await turns();
  const copy = (await store.fact('leader')) ?? {};
  const b = seek('b');
  await pass(30_000, a, b);
  await store.write([{ put: 'fact', key: 'leader', value: copy }]);
  await store.resign('a');
  await pass(4_000, b);
  expect(log).toEqual(['a leads', 'b finds the store set back, under 2', 'b leads']);
});

test('a store that is set back while a sign of life is on its way to it is found all the same', async () => {
  const { store, log, turns, seek, pass } = setUp();
  const a = seek('a');
  await turns();
  const copy = (await store.fact('leader')) ?? {};
  await pass(30_000, a);
  const { write } = store;
  // The write waits for a store that is away, and comes to the copy.
  store.write = async (changes, guard) => {
    store.write = write;
    await write([{ put: 'fact', key: 'leader', value: copy }]);
    return write(changes, guard);
  };
  await pass(9_000, a);
  expect(log).toEqual(['a leads', 'a ends', 'a finds the store set back, under 1', 'a leads']);
});

test('a store that is away ends no term, is asked again, and its absence is remembered', async () => {
  const { store, bus, turns } = setUp();
  const clock = manualClock();
  const errors: unknown[] = [];
  let isDown = false;
  let given: Lead | undefined;
  const lead: typeof store.lead = async (candidate) => {
    if (isDown) throw new Error('the store is away');
    return store.lead(candidate);
  };
  const candidacy = seekLead(
    { store: { ...store, lead }, bus, clock, onError: (error) => void errors.push(error) },
    {
      instance: 'a',
      ttlMs,
      alone: false,
      restored: async () => undefined,
      begin(term) {
        given = term;
        return { end: async () => undefined };
      },
    },
  );
  await turns();
  expect(given?.away()).toBeUndefined();
  isDown = true;
  const beganMs = clock.now();
  clock.advance(3_000);
  await turns();
  expect(errors).toHaveLength(1);
  expect(candidacy.isLeading()).toBe(true);
  expect(given?.away()).toEqual({ fromMs: beganMs, untilMs: beganMs + 3_000 });
  isDown = false;
  clock.advance(3_000);
  await turns();
  expect(errors).toHaveLength(1);
  clock.advance(60_000);
  await turns();
  expect(given?.away()).toEqual({ fromMs: beganMs, untilMs: beganMs + 6_000 });
});

test('where nobody else can have the store, a killed leader is not waited for', async () => {
  const { log, turns, seek } = setUp();
  seek('before the crash');
  await turns();
  seek('after it', true);
  await turns();
  expect(log).toEqual(['before the crash leads', 'after it leads']);
});
