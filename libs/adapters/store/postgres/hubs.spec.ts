import type { ApplicationId, ClusterName } from '@fairlead/core/model';
import { assignmentRow, digestOf, headRow, statusRow } from '@fairlead/ports/contracts/store';
import { memoryStore, type Change, type Guard, type Store } from '@fairlead/ports/store';
import { startPostgres, type PostgresAccess, type PostgresServer } from '@fairlead/testkit/postgres';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgresStore } from './open.ts';

let server: PostgresServer;
let access: PostgresAccess;
const stores: Store[] = [];
beforeAll(async () => {
  server = await startPostgres({ durable: false });
});
afterAll(() => server.stop());
beforeEach(async () => {
  access = await server.createDatabase();
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

async function open(key = new Uint8Array(32)): Promise<Store> {
  const store = await openPostgresStore({ ...access, key });
  stores.push(store);
  return store;
}

const hello = { agentVersion: '1', kubernetesVersion: 'v1.36.1', nowMs: 1, gateway: 'gateway-1' };
const one = 'one' as ClusterName;

describe('two hubs on one store', () => {
  test('that start at once make its tables once, and have one id', async () => {
    const [a, b, c] = await Promise.all([open(), open(), open()]);
    expect([b?.id, c?.id]).toEqual([a?.id, a?.id]);
  });

  test('a leader that lost the lead writes nothing, however late it comes', async () => {
    const [a, b] = [await open(), await open()];
    const old = (await a.lead({ holder: 'a', ttlMs: 0 })) ?? 0;
    const writes = Array.from({ length: 50 }, (_, n) =>
      a.write([{ put: 'fact', key: `old:${n}`, value: {} }], { fence: old }).then(
        () => n,
        () => undefined,
      ),
    );
    const fence = await b.lead({ holder: 'b', ttlMs: 60_000 });
    const kept = new Set((await b.facts('old:')).keys());
    const late = a.write([{ put: 'fact', key: 'late', value: {} }], { fence: old });
    await expect(late).rejects.toMatchObject({ code: 'Conflict' });
    // What was acknowledged was written before the new leader was told that it leads.
    const acknowledged = (await Promise.all(writes)).filter((n) => n !== undefined);
    expect(acknowledged.filter((n) => !kept.has(`old:${n}`))).toEqual([]);
    expect(new Set((await b.facts('old:')).keys())).toEqual(kept);
    expect(fence).toBe(old + 1);
  });

  test('every Hello has a session of its own, also the first ones', async () => {
    const [a, b] = [await open(), await open()];
    for (const name of ['p', 'q', 'r']) {
      const calls = Array.from({ length: 40 }, (_, n) => (n % 2 ? a : b).raiseSession(name as ClusterName, hello));
      const sessions = (await Promise.all(calls)).sort((x, y) => x - y);
      expect(sessions).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
    }
    expect(await a.counts()).toMatchObject({ clusters: 3, connected: 3 });
  });

  test('counters are exact after all their writes crossed', async () => {
    const [a, b] = [await open(), await open()];
    const names = Array.from({ length: 20 }, (_, n) => `cluster-${n}`);
    const states = ['Healthy', 'Degraded', 'Progressing'] as const;
    const writes = Array.from({ length: 600 }, (_, n) => {
      const name = names[n % names.length] as string;
      const store = n % 3 === 0 ? a : b;
      const status = statusRow(name, `web/app-${n % 7}`, { health: states[(n * 7) % 3] ?? 'Healthy' });
      if (n % 50 === 49) return store.write([{ drop: 'cluster', cluster: name as ClusterName }]);
      return store.write([
        { put: 'head', row: headRow(name, 1, 1) },
        { put: 'status', row: status },
        { put: 'contact', row: { cluster: name as ClusterName, connected: n % 4 === 0 } },
      ]);
    });
    await Promise.all(writes);
    const rows = await a.statuses({});
    const clusters = await a.clusters();
    const health: Record<string, number> = {};
    for (const { status } of rows) health[status.health] = (health[status.health] ?? 0) + 1;
    expect(await b.counts()).toMatchObject({
      clusters: clusters.length,
      connected: clusters.filter((row) => row.connected).length,
      health,
      sync: { InSync: rows.length },
    });
  });

  test('a token is taken by one of them', async () => {
    const [a, b] = [await open(), await open()];
    const hash = digestOf('a');
    await a.write([{ put: 'token', row: { hash, cluster: one, labels: {}, by: 'ada', expiresAtMs: 10 } }]);
    const claims = [a, b, a, b].map((store, n) =>
      store.claimToken(hash, { key: digestOf(String(n)), nowMs: 1, againWithinMs: 9 }),
    );
    expect((await Promise.all(claims)).filter((claim) => claim.taken)).toHaveLength(1);
  });

  test('who follows the journal misses no line, whoever writes it', async () => {
    const [a, b] = [await open(), await open()];
    const writes = Array.from({ length: 200 }, (_, n) =>
      (n % 2 ? a : b).write([
        { put: 'event', row: { atMs: n, type: 'x', reason: 'Applied', message: String(n) } },
        { put: 'fact', key: `k${n}`, value: {} },
      ]),
    );
    let isOver = false;
    const all = Promise.all(writes).then(() => (isOver = true));
    const seen: string[] = [];
    for (let afterId = 0, last = false; !last;) {
      last = isOver;
      const page = await a.events({ afterId, limit: 1_000 });
      seen.push(...page.map((row) => row.message));
      afterId = page.at(-1)?.id ?? afterId;
    }
    await all;
    expect(seen.map(Number).sort((x, y) => x - y)).toEqual(writes.map((_, n) => n));
  });

  test('messages of another are left to it until they are old', async () => {
    const [a, b] = [await open(), await open()];
    await a.write([{ put: 'outbox', row: { subject: 'head', payload: {} } }]);
    expect(await b.outbox(9, { afterMs: 60_000 })).toEqual([]);
    expect(await a.outbox(9, { afterMs: 60_000 })).toHaveLength(1);
    expect(await b.outbox(9, { afterMs: 0 })).toHaveLength(1);
    expect(await b.outbox(9)).toHaveLength(1);
  });
});

test('the text of a secret blob is nowhere in the table, and another key does not open it', async () => {
  const text = 'correct horse battery staple';
  const store = await open();
  await store.write([
    { put: 'blob', row: { digest: digestOf('a'), data: new TextEncoder().encode(text), secret: true } },
  ]);
  const [row = {}] = await server.query("SELECT encode(data, 'escape') AS data FROM blob", { in: access });
  expect(String(row['data']).length).toBeGreaterThan(text.length);
  expect(row['data']).not.toContain(text);
  const other = await open(new Uint8Array(32).fill(8));
  await expect(other.blobs([digestOf('a')])).rejects.toMatchObject({ code: 'DataLoss', reason: 'DigestMismatch' });
});

test('what an agent says with a NUL, and what is no digest, takes nobody down with it', async () => {
  const store = await open();
  const results = await Promise.allSettled([
    store.write([{ put: 'status', row: statusRow('a', 'web/shop', { message: 'zero \0 \ud800' }) }]),
    store.write([{ put: 'status', row: statusRow('b', 'web/shop', { bundle: 'md5:1' as never }) }]),
    store.write([{ put: 'status', row: statusRow('c', 'web/shop', { objects: 2 ** 40 }) }]),
    store.write([{ put: 'status', row: statusRow('d', 'web/shop') }]),
  ]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  const codes = results.map((result) => (result.status === 'rejected' ? (result.reason as { code: string }).code : ''));
  expect(codes).toEqual(['', 'InvalidInput', 'InvalidInput', '']);
  expect((await store.statuses({})).map((row) => row.cluster)).toEqual(['a', 'd']);
});

test('blobs that were asked for long ago are used anew, and others are dropped', async () => {
  const store = await open();
  const rows = ['a', 'b'].map((name) => ({ digest: digestOf(name), data: new Uint8Array([1]), secret: false }));
  await store.write(rows.map((row) => ({ put: 'blob', row }) as const));
  await server.query("UPDATE blob SET used_at = now() - interval '2 days'", { in: access });
  await store.missingBlobs([digestOf('a')]);
  expect(await store.unusedBlobs({ unusedForMs: 86_400_000, limit: 9 })).toEqual([digestOf('b')]);
});

/** A call, and how it ended. */
type Step =
  | { readonly do: 'write'; readonly changes: readonly Change[]; readonly guard?: Guard }
  | { readonly do: 'hello'; readonly cluster: ClusterName };

const clusters = fc.constantFrom('a', 'b', 'c') as fc.Arbitrary<ClusterName>;
const applications = fc.constantFrom('web/shop', 'web/till') as fc.Arbitrary<ApplicationId>;
const change: fc.Arbitrary<Change> = fc.oneof(
  fc
    .tuple(clusters, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
    .map(([name, epoch, n]): Change => ({ put: 'head', row: headRow(name, epoch, n) })),
  fc
    .tuple(clusters, fc.boolean(), fc.option(fc.nat({ max: 9 }), { nil: undefined }))
    .map(([cluster, connected, n]): Change => ({ put: 'contact', row: { cluster, connected, unansweredSinceMs: n } })),
  fc
    .tuple(clusters, applications, fc.constantFrom('Healthy', 'Degraded'))
    .map(([name, id, health]): Change => ({ put: 'status', row: statusRow(name, id, { health: health as never }) })),
  fc
    .tuple(clusters, applications, fc.constantFrom('dev', 'prod'))
    .map(([name, id, environment]): Change => ({ put: 'assignment', row: assignmentRow(name, id, environment) })),
  fc
    .tuple(fc.constantFrom<('status' | 'assignment')[]>('status', 'assignment'), clusters, applications)
    .map(([drop, cluster, application]) => ({ drop, cluster, application })),
  clusters.map((cluster): Change => ({ drop: 'cluster', cluster })),
  fc
    .tuple(fc.constantFrom('k', 'l'), fc.constantFrom('x', 'y'))
    .map(([key, by]): Change => ({ put: 'fact', key, value: { by } })),
  fc.constantFrom('k', 'l').map((key): Change => ({ drop: 'fact', key })),
);
const guard: fc.Arbitrary<Guard> = fc.oneof(
  fc.record({ session: fc.record({ cluster: clusters, session: fc.nat({ max: 2 }) }) }),
  fc.record({ fence: fc.nat({ max: 1 }) }),
  fc.record({
    fact: fc.record({
      key: fc.constantFrom('k', 'l'),
      field: fc.constant('by'),
      is: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
    }),
  }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: clusters.map((cluster): Step => ({ do: 'hello', cluster })) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.array(change, { minLength: 1, maxLength: 4 }), fc.option(guard, { nil: undefined }))
      .map(([changes, one]): Step => ({ do: 'write', changes, ...(one && { guard: one }) })),
  },
);

test('calls that share transactions end as if each had run by itself, in order', async () => {
  const store = await open();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
      const fake = memoryStore();
      await wipe(store);
      const [real, wanted] = await Promise.all([runAll(store, steps), runAll(fake, steps)]);
      expect(real).toEqual(wanted);
      expect(await contentOf(store)).toEqual(await contentOf(fake));
    }),
    { numRuns: 60 },
  );
});

/** None is awaited before the next: so they are gathered. */
async function runAll(store: Store, steps: readonly Step[]): Promise<unknown[]> {
  const ended = await Promise.allSettled(
    steps.map((one) =>
      one.do === 'hello' ? store.raiseSession(one.cluster, hello) : store.write(one.changes, one.guard),
    ),
  );
  return ended.map((end) => (end.status === 'fulfilled' ? end.value : (end.reason as { code: string }).code));
}

async function contentOf(store: Store): Promise<unknown[]> {
  return Promise.all([store.clusters(), store.assignments({}), store.statuses({}), store.facts(''), store.counts()]);
}

async function wipe(store: Store): Promise<void> {
  const drops = ['a', 'b', 'c'].map((cluster): Change => ({ drop: 'cluster', cluster: cluster as ClusterName }));
  await store.write(drops);
  for (const table of ['status', 'assignment', 'fact']) await server.query(`DELETE FROM ${table}`, { in: access });
}
