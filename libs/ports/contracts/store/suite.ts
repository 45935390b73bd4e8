import type { ApplicationId, ClusterName, EnvironmentName } from '@fairlead/core/model';
import { factLimitBytes, type Store } from '@fairlead/ports/store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tokensAndJournal } from './journal.ts';
import { leases } from './leases.ts';
import { manyClusters } from './many.ts';
import { assignmentRow, digestOf, headRow, statusRow } from './rows.ts';

/** Makes stores for the suite. */
export interface StoreHarness {
  /** A new, empty store that keeps `journalLimit` events. */
  open(options: { readonly journalLimit: number }): Promise<Store>;
}

/** Gives the store of the test that runs. */
export type CurrentStore = () => Store;

/** What every store promises; run against the fake and each adapter. */
export function storeContract(name: string, harness: StoreHarness): void {
  describe(`store contract: ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await harness.open({ journalLimit: 10 });
    });
    afterEach(async () => {
      await store.close();
    });
    clusterRows(() => store);
    batches(() => store);
    rowsOfApplications(() => store);
    blobsAndFacts(() => store);
    tokensAndJournal(() => store);
    leases(() => store);
    manyClusters(() => store);
  });
}

const one = 'one' as ClusterName;
const hello = { agentVersion: '0.1.0', kubernetesVersion: 'v1.36.1', nowMs: 5000, gateway: 'gateway-1' };

function clusterRows(store: CurrentStore): void {
  test('the first session makes the row, each later one raises it', async () => {
    expect(await store().cluster(one)).toBeUndefined();
    expect(await store().raiseSession(one, hello)).toBe(1);
    expect(await store().raiseSession(one, { ...hello, nowMs: 6000 })).toBe(2);
    expect(await store().cluster(one)).toEqual({
      cluster: 'one',
      session: 2,
      sequence: 0,
      agentVersion: '0.1.0',
      kubernetesVersion: 'v1.36.1',
      connected: true,
      connectedAtMs: 6000,
      lastHeardAtMs: 6000,
      gateway: 'gateway-1',
    });
  });

  test('a new session starts its sequence anew and has nothing unanswered', async () => {
    await store().raiseSession(one, hello);
    await store().write([{ put: 'contact', row: { cluster: one, sequence: 7, unansweredSinceMs: 1 } }]);
    await store().raiseSession(one, hello);
    const row = await store().cluster(one);
    expect(row?.sequence).toBe(0);
    expect(row?.unansweredSinceMs).toBeUndefined();
  });

  test('planner and gateway keep to their own columns', async () => {
    await store().write([{ put: 'head', row: headRow('one', 1, 1) }]);
    await store().raiseSession(one, hello);
    await store().write([
      {
        put: 'contact',
        row: { cluster: one, sequence: 3, ackedPosition: { epoch: 1, generation: 1 }, ackedRoot: digestOf('5') },
      },
    ]);
    await store().write([{ put: 'head', row: headRow('one', 1, 2) }]);
    const row = await store().cluster(one);
    expect(row).toMatchObject({
      session: 1,
      sequence: 3,
      ackedPosition: { epoch: 1, generation: 1 },
      ackedRoot: digestOf('5'),
    });
    expect(row).toMatchObject(headRow('one', 1, 2));
  });

  test('what a contact leaves out stays, and an explicit undefined clears', async () => {
    await store().raiseSession(one, hello);
    await store().write([{ put: 'contact', row: { cluster: one, unansweredSinceMs: 9, statusDigest: digestOf('a') } }]);
    await store().write([{ put: 'contact', row: { cluster: one, unansweredSinceMs: undefined, connected: false } }]);
    const row = await store().cluster(one);
    expect(row).toMatchObject({ statusDigest: digestOf('a'), connected: false });
    expect(row).not.toHaveProperty('unansweredSinceMs');
  });

  test('a contact of an unknown cluster makes no row', async () => {
    await store().write([{ put: 'contact', row: { cluster: one, connected: true } }]);
    expect(await store().cluster(one)).toBeUndefined();
  });

  test('a position never goes back', async () => {
    await store().write([{ put: 'head', row: headRow('one', 2, 1) }]);
    await store().write([{ put: 'head', row: headRow('one', 2, 1) }]);
    const back = store().write([{ put: 'head', row: headRow('one', 1, 9) }]);
    await expect(back).rejects.toMatchObject({ code: 'Conflict' });
    expect((await store().cluster(one))?.position).toEqual({ epoch: 2, generation: 1 });
  });

  test('clusters come in pages, sorted by name', async () => {
    await store().write(['c', 'a', 'a-b', 'b'].map((name) => ({ put: 'head', row: headRow(name, 1, 1) }) as const));
    const names = async (page?: { after?: string; limit?: number }): Promise<string[]> =>
      (await store().clusters(page)).map((row) => row.cluster);
    expect(await names()).toEqual(['a', 'a-b', 'b', 'c']);
    expect(await names({ after: 'a', limit: 2 })).toEqual(['a-b', 'b']);
  });

  test('a dropped cluster takes its rows along', async () => {
    await store().raiseSession(one, hello);
    await store().write([
      { put: 'status', row: statusRow('one', 'web/shop') },
      { put: 'assignment', row: assignmentRow('one', 'web/shop', 'dev') },
    ]);
    await store().write([{ drop: 'cluster', cluster: one }]);
    expect(await store().cluster(one)).toBeUndefined();
    expect(await store().statuses({})).toEqual([]);
    expect(await store().assignments({})).toEqual([]);
    expect(await store().counts()).toEqual({ clusters: 0, connected: 0, sync: {}, health: {}, drift: {} });
  });
}

function batches(store: CurrentStore): void {
  test('a batch is whole or not at all', async () => {
    await store().write([{ put: 'head', row: headRow('one', 2, 2) }]);
    const batch = store().write([
      { put: 'fact', key: 'a', value: { n: 1 } },
      { put: 'head', row: headRow('one', 1, 1) },
    ]);
    await expect(batch).rejects.toMatchObject({ code: 'Conflict' });
    expect(await store().fact('a')).toBeUndefined();
  });

  test('an older session writes nothing', async () => {
    const session = await store().raiseSession(one, hello);
    await store().write([{ put: 'fact', key: 'a', value: {} }], { session: { cluster: one, session } });
    await store().raiseSession(one, hello);
    const late = store().write([{ put: 'fact', key: 'b', value: {} }], { session: { cluster: one, session } });
    await expect(late).rejects.toMatchObject({ code: 'Conflict' });
    expect([...(await store().facts('')).keys()]).toEqual(['a']);
  });

  test('what one write did not await, the next one sees', async () => {
    await Promise.all([
      store().write([{ put: 'fact', key: 'a', value: { n: 1 } }]),
      store().write([{ put: 'fact', key: 'a', value: { n: 2 } }]),
    ]);
    expect(await store().fact('a')).toEqual({ n: 2 });
  });

  test('a row that is changed after the write is not changed in the store', async () => {
    const value: Record<string, number> = { n: 1 };
    await store().write([{ put: 'fact', key: 'a', value }]);
    value['n'] = 2;
    const first = (await store().fact('a')) as Record<string, number>;
    first['n'] = 3;
    expect(await store().fact('a')).toEqual({ n: 1 });
  });
}

function rowsOfApplications(store: CurrentStore): void {
  test('assignments come back as they were put, by any filter', async () => {
    const rows = [
      assignmentRow('a', 'web/shop', 'dev'),
      assignmentRow('a', 'web/till', 'dev'),
      assignmentRow('b', 'web/shop', 'prod'),
    ];
    await store().write(rows.map((row) => ({ put: 'assignment', row }) as const));
    expect(await store().assignments({})).toEqual(rows);
    expect(await store().assignments({ cluster: 'a' as ClusterName })).toEqual(rows.slice(0, 2));
    expect(
      await store().assignments({ application: 'web/shop' as ApplicationId, environment: 'prod' as EnvironmentName }),
    ).toEqual(rows.slice(2));
  });

  test('a tombstone takes the place of an entry, and neither is left once it was carried out', async () => {
    const { entry, wave, healthyBefore, ...row } = assignmentRow('a', 'web/shop', 'dev');
    expect([entry?.application, wave, healthyBefore]).toEqual(['web/shop', 'canary', true]);
    const tombstone = { application: row.application, commit: entry?.attempt as never, acknowledged: {} };
    await store().write([{ put: 'assignment', row: { ...row, tombstone } }]);
    expect(await store().assignments({})).toEqual([{ ...row, tombstone }]);
    await store().write([{ put: 'assignment', row }]);
    expect(await store().assignments({})).toEqual([row]);
    await store().write([{ drop: 'assignment', cluster: row.cluster, application: row.application }]);
    expect(await store().assignments({})).toEqual([]);
  });

  test('statuses come in pages, sorted by cluster and application', async () => {
    const rows = [
      statusRow('a', 'web/shop'),
      statusRow('a', 'web/till'),
      statusRow('a-b', 'web/shop'),
      statusRow('b', 'web/shop'),
    ];
    await store().write(rows.toReversed().map((row) => ({ put: 'status', row }) as const));
    expect(await store().statuses({})).toEqual(rows);
    expect(await store().statuses({ after: 'a/web/shop', limit: 2 })).toEqual(rows.slice(1, 3));
    expect(await store().statuses({ after: 'a/web/till', application: 'web/shop' as ApplicationId })).toEqual(
      rows.slice(2),
    );
    expect(await store().statuses({ cluster: 'a' as ClusterName, limit: 1 })).toEqual(rows.slice(0, 1));
  });

  test('statuses of an environment are those of its assignments', async () => {
    await store().write([
      { put: 'assignment', row: assignmentRow('a', 'web/shop', 'dev') },
      { put: 'assignment', row: assignmentRow('b', 'web/shop', 'prod') },
      { put: 'status', row: statusRow('a', 'web/shop') },
      { put: 'status', row: statusRow('b', 'web/shop') },
    ]);
    const rows = await store().statuses({ environment: 'prod' as EnvironmentName });
    expect(rows.map((row) => row.cluster)).toEqual(['b']);
  });

  test('counts follow every write', async () => {
    await store().raiseSession(one, hello);
    await store().write([
      { put: 'head', row: headRow('two', 1, 1) },
      { put: 'status', row: statusRow('one', 'web/shop') },
      { put: 'status', row: statusRow('two', 'web/shop', { sync: 'Failed', health: 'Degraded' }) },
    ]);
    await store().write([{ put: 'status', row: statusRow('one', 'web/shop', { drift: 'Corrected' }) }]);
    expect(await store().counts()).toEqual({
      clusters: 2,
      connected: 1,
      sync: { InSync: 1, Failed: 1 },
      health: { Healthy: 1, Degraded: 1 },
      drift: { None: 1, Corrected: 1 },
    });
    await store().write([
      { drop: 'status', cluster: 'two' as ClusterName, application: 'web/shop' as ApplicationId },
      { put: 'contact', row: { cluster: one, connected: false } },
    ]);
    expect(await store().counts()).toEqual({
      clusters: 2,
      connected: 0,
      sync: { InSync: 1 },
      health: { Healthy: 1 },
      drift: { Corrected: 1 },
    });
  });
}

function blobsAndFacts(store: CurrentStore): void {
  test('blobs come back whole, secret ones too, and missing ones are named', async () => {
    const plain = { digest: digestOf('a'), data: new Uint8Array([1, 2, 3]), secret: false };
    const secret = { digest: digestOf('b'), data: new TextEncoder().encode('hunter2'), secret: true };
    const empty = { digest: digestOf('c'), data: new Uint8Array(), secret: false };
    await store().write([plain, secret, empty].map((row) => ({ put: 'blob', row }) as const));
    await store().write([{ put: 'blob', row: plain }]);
    const asked = [secret.digest, digestOf('d'), plain.digest, empty.digest];
    expect(await store().missingBlobs(asked)).toEqual([digestOf('d')]);
    expect(await store().blobs(asked)).toEqual([secret, plain, empty]);
  });

  test('unused blobs are forgotten, those that nobody asked for meanwhile', async () => {
    const rows = ['a', 'b'].map((name) => ({ digest: digestOf(name), data: new Uint8Array([1]), secret: false }));
    await store().write(rows.map((row) => ({ put: 'blob', row }) as const));
    const [hour, now] = [{ unusedForMs: 3_600_000 }, { unusedForMs: 0 }];
    expect(await store().unusedBlobs({ ...hour, limit: 9 })).toEqual([]);
    expect(await store().unusedBlobs({ ...now, limit: 1 })).toHaveLength(1);
    expect((await store().unusedBlobs({ ...now, limit: 9 })).toSorted()).toEqual([digestOf('a'), digestOf('b')]);
    expect(await store().dropBlobs([digestOf('a')], hour)).toEqual([]);
    expect(await store().dropBlobs([digestOf('a'), digestOf('c')], now)).toEqual([digestOf('a')]);
    expect(await store().missingBlobs([digestOf('a'), digestOf('b')])).toEqual([digestOf('a')]);
    expect(await store().blobs([digestOf('a')])).toEqual([]);
  });

  test('the bundles that assignments name are told once each', async () => {
    const rows = ['one', 'two'].map((cluster) => assignmentRow(cluster, 'web/shop', 'dev'));
    const { entry, ...carriedOut } = assignmentRow('three', 'web/shop', 'dev');
    await store().write([...rows, carriedOut].map((row) => ({ put: 'assignment', row }) as const));
    expect(await store().assignedBundles()).toEqual([entry?.bundle]);
  });

  test('facts are found by prefix, sorted by key', async () => {
    await store().write([
      { put: 'fact', key: 'membership:b', value: { key: 'x', labels: { env: 'dev' } } },
      { put: 'fact', key: 'membership:a', value: {} },
      { put: 'fact', key: 'membershipx', value: {} },
      { put: 'fact', key: 'head', value: {} },
    ]);
    expect([...(await store().facts('membership:'))]).toEqual([
      ['membership:a', {}],
      ['membership:b', { key: 'x', labels: { env: 'dev' } }],
    ]);
    await store().write([{ drop: 'fact', key: 'membership:a' }]);
    expect([...(await store().facts('membership:')).keys()]).toEqual(['membership:b']);
  });

  test('a fact of the largest size is kept, and a larger one is refused with everything beside it', async () => {
    const fits = { text: 'a'.repeat(factLimitBytes - '{"text":""}'.length) };
    await store().write([{ put: 'fact', key: 'walk', value: fits }]);
    expect(await store().fact('walk')).toEqual(fits);
    // Bytes count, not characters.
    const large = { text: '\u00e9'.repeat(factLimitBytes / 2) };
    const refused = store().write([
      { put: 'fact', key: 'beside', value: {} },
      { put: 'fact', key: 'walk', value: large },
    ]);
    await expect(refused).rejects.toMatchObject({
      code: 'InvalidInput',
      message: expect.stringContaining('Cannot keep the fact walk'),
    });
    expect(await store().fact('beside')).toBeUndefined();
    expect(await store().fact('walk')).toEqual(fits);
  });
}
