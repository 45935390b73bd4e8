import type { ApplicationId, CommitSha, Digest } from '@fairlead/core/model';
import { factLimitBytes, memoryStore, type Change, type Store } from '@fairlead/ports/store';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keepWalk, loadWalk } from './keep.ts';
import type { NamedRelease, Walked } from './snapshot.ts';

const branch = 'fleet#main';
const commitOf = (n: number) => n.toString(16).padStart(40, '0') as CommitSha;
const digestOf = (n: number) => `sha256:${n.toString(16).padStart(64, '0')}` as Digest;

function released(n: number, message = 'Promote'): NamedRelease {
  return {
    commit: commitOf(n),
    timeMs: n,
    author: 'Ada',
    message,
    trailers: [['Fairlead-Gate', 'soak']],
    digest: digestOf(n),
    version: String(n),
    definition: commitOf(n),
    revisions: { main: `r${n}` },
  };
}

const by = { name: 'Ada', email: 'ada@example.com' };
const saidOf = (n: number) => ({ kind: 'Approve', candidate: `candidate ${n}`, by, commit: commitOf(n) });

function walkOf(n: number, parts: Partial<Walked> = {}): Walked {
  const none = {
    definitions: new Map(),
    named: new Map(),
    selectors: new Map(),
    removed: new Map(),
    left: new Map(),
    said: new Map(),
    acknowledged: [],
  };
  return { head: commitOf(n), ...none, ...parts };
}

const keep = async (store: Store, walked: Walked, before?: Walked): Promise<Change[]> => {
  const changes = await keepWalk(store, { walked, before, branch });
  await store.write(changes);
  return changes;
};

/** Sorted, as maps of a store come back. */
function plain(walked: Walked | undefined) {
  const sorted = (map: ReadonlyMap<string, unknown> = new Map()) =>
    [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const { head, acknowledged } = walked ?? {};
  const [definitions, named] = [sorted(walked?.definitions), sorted(walked?.named)];
  const [removed, left, said] = [sorted(walked?.removed), sorted(walked?.left), sorted(walked?.said)];
  return { head, acknowledged, definitions, named, selectors: sorted(walked?.selectors), removed, left, said };
}

describe('five thousand applications in three environments', () => {
  const ids = Array.from({ length: 5_000 }, (_, n) => `team-${n % 50}/application-${n}` as ApplicationId);
  const big = walkOf(1, {
    definitions: new Map(ids.map((id, n) => [id, { digest: digestOf(n), since: commitOf(n), by }])),
    named: new Map(
      ids.flatMap((id, n) => ['dev', 'staging', 'prod'].map((name) => [`${name}/${id}`, [released(n)]] as const)),
    ),
    removed: new Map(ids.map((id, n) => [`old/${id}`, commitOf(n)])),
    left: new Map(ids.map((id, n) => [`gone/${id}`, commitOf(n)])),
    acknowledged: ids.map((object, n) => ({
      acknowledgement: { kind: 'Rewrite', object } as never,
      commit: commitOf(n),
    })),
  });

  test('come back as they were kept, and no fact is near its bound', async () => {
    const store = memoryStore();
    const changes = await keep(store, big);
    const largest = Math.max(...changes.map((change) => JSON.stringify(change).length));
    expect(largest).toBeLessThan(factLimitBytes / 2);
    expect(plain(await loadWalk(store, branch))).toEqual(plain(big));
  });

  test('one promotion writes one ledger file and the head', async () => {
    const store = memoryStore();
    await keep(store, big);
    const [key = '', list = []] = [...big.named][7] ?? [];
    const next = { ...big, head: commitOf(2), named: new Map([...big.named, [key, [released(9), ...list]]]) };
    const changes = await keep(store, next, big);
    expect(changes).toHaveLength(2);
    expect(plain(await loadWalk(store, branch))).toEqual(plain(next));
  });
});

test('a history longer than a fact holds is kept in several, and grows in the last of them', async () => {
  const store = memoryStore();
  const long = Array.from({ length: 3_000 }, (_, n) => released(3_000 - n, 'x'.repeat(500)));
  const before = walkOf(1, { named: new Map([['dev/web/shop', long]]) });
  const first = await keep(store, before);
  expect(first.length).toBeGreaterThan(10);
  const after = walkOf(2, { named: new Map([['dev/web/shop', [released(3_001), ...long]]]) });
  expect(await keep(store, after, before)).toHaveLength(2);
  expect((await loadWalk(store, branch))?.named.get('dev/web/shop')).toEqual([released(3_001), ...long]);
});

test('a walk of another branch is not read, and goes when the next one is kept', async () => {
  const store = memoryStore();
  await keepWalk(store, { walked: walkOf(1), before: undefined, branch: 'other' }).then((changes) =>
    store.write(changes),
  );
  await store.write([{ put: 'fact', key: 'walk:named:dev/web/old:000000', value: { list: [] } }]);
  expect(await loadWalk(store, branch)).toBeUndefined();
  await keep(store, walkOf(2, { named: new Map([['dev/web/shop', [released(1)]]]) }));
  expect([...(await store.facts('walk')).keys()]).toEqual(['walk', 'walk:named:dev/web/shop:000000']);
});

test('what another leader kept meanwhile is put right, also what it added', async () => {
  const store = memoryStore();
  const mine = walkOf(1, { removed: new Map([['a', commitOf(1)]]) });
  await keep(store, mine);
  await keep(store, walkOf(2, { removed: new Map([['b', commitOf(2)]]) }), mine);
  const next = walkOf(3, { removed: new Map([['c', commitOf(3)]]) });
  await keep(store, next, mine);
  expect(plain(await loadWalk(store, branch))).toEqual(plain(next));
});

test('walk after walk, what is kept is the last one', async () => {
  const keys = fc.constantFrom('dev/web/shop', 'dev/web/till', 'prod/web/shop');
  const commits = fc.nat({ max: 5 }).map(commitOf);
  const walk = fc.record({
    head: fc.nat({ max: 9 }).map(commitOf),
    definitions: fc.uniqueArray(
      fc.tuple(keys, fc.record({ digest: fc.nat({ max: 5 }).map(digestOf), since: commits, by: fc.constant(by) })),
      {
        selector: ([key]) => key,
      },
    ),
    named: fc.uniqueArray(
      fc.tuple(
        keys,
        fc.array(
          fc.nat({ max: 5 }).map((n) => released(n)),
          { minLength: 1, maxLength: 4 },
        ),
      ),
      {
        selector: ([key]) => key,
      },
    ),
    selectors: fc.uniqueArray(
      fc.tuple(keys, fc.record({ text: fc.constantFrom('{}', '{"a":1}'), since: commits, changed: fc.boolean() })),
      { selector: ([key]) => key },
    ),
    removed: fc.uniqueArray(fc.tuple(keys, commits), { selector: ([key]) => key }),
    said: fc.uniqueArray(fc.tuple(keys, fc.array(fc.nat({ max: 5 }).map(saidOf), { minLength: 1, maxLength: 4 })), {
      selector: ([key]) => key,
    }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(walk, { minLength: 1, maxLength: 5 }), fc.array(fc.boolean()), async (walks, forgets) => {
      const store = memoryStore();
      let before: Walked | undefined;
      for (const [at, { head, definitions, named, selectors, removed, said }] of walks.entries()) {
        const [byId, byKey] = [new Map(definitions), new Map(named)];
        const maps = { definitions: byId, named: byKey, removed: new Map(removed), said: new Map(said) };
        const walked = { ...walkOf(0), head, ...maps, selectors: new Map(selectors) } as unknown as Walked;
        await keep(store, walked, forgets[at] === true ? undefined : before);
        before = walked;
        expect(plain(await loadWalk(store, branch))).toEqual(plain(walked));
      }
    }),
    { numRuns: 200 },
  );
});
