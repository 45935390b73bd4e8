import type { ApplicationId, ClusterName } from '@fairlead/core/model';
import type { Change } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { assignmentRow, digestOf, headRow, statusRow } from './rows.ts';
import type { CurrentStore } from './suite.ts';

const names = (...clusters: string[]) => clusters as ClusterName[];

/** Reads of many clusters at once. */
export function manyClusters(store: CurrentStore): void {
  const seed = async (): Promise<void> => {
    const changes = ['a', 'b', 'c'].flatMap((cluster): Change[] => [
      { put: 'head', row: headRow(cluster, 1, 1) },
      { put: 'assignment', row: assignmentRow(cluster, 'web/till', 'dev') },
      { put: 'assignment', row: assignmentRow(cluster, 'web/shop', 'prod') },
      { put: 'status', row: statusRow(cluster, 'web/shop') },
    ]);
    await store().write(changes);
    await store().write([{ put: 'head', row: headRow('empty', 1, 1) }]);
  };

  test('clusters are found by name, in pages', async () => {
    await seed();
    const found = async (filter: Parameters<ReturnType<CurrentStore>['clusters']>[0]): Promise<string[]> =>
      (await store().clusters(filter)).map((row) => row.cluster);
    expect(await found({ names: names('c', 'nobody', 'a') })).toEqual(['a', 'c']);
    expect(await found({ names: names('c', 'b', 'a'), after: 'a', limit: 1 })).toEqual(['b']);
    expect(await found({ names: [] })).toEqual([]);
  });

  test('rows of several clusters are read together', async () => {
    await seed();
    const assigned = await store().assignments({ clusters: names('c', 'a'), application: 'web/shop' as ApplicationId });
    expect(assigned).toEqual([assignmentRow('a', 'web/shop', 'prod'), assignmentRow('c', 'web/shop', 'prod')]);
    expect(await store().statuses({ clusters: names('b', 'c') })).toEqual([
      statusRow('b', 'web/shop'),
      statusRow('c', 'web/shop'),
    ]);
    expect(await store().statuses({ clusters: names('b', 'c'), after: 'b/web/shop', limit: 5 })).toEqual([
      statusRow('c', 'web/shop'),
    ]);
    expect(await store().statuses({ clusters: [] })).toEqual([]);
    expect(await store().assignments({ clusters: [] })).toEqual([]);
  });

  test('assignments are found by their keys, each for itself', async () => {
    await seed();
    const key = (cluster: string, application: string) =>
      ({ cluster: cluster as ClusterName, application: application as ApplicationId }) as const;
    const keys = [key('c', 'web/shop'), key('a', 'web/till'), key('b', 'web/none'), key('nobody', 'web/shop')];
    expect(await store().assignments({ keys })).toEqual([
      assignmentRow('a', 'web/till', 'dev'),
      assignmentRow('c', 'web/shop', 'prod'),
    ]);
    expect(await store().assignments({ keys, clusters: names('a', 'b') })).toEqual([
      assignmentRow('a', 'web/till', 'dev'),
    ]);
    expect(await store().assignments({ keys: [] })).toEqual([]);
  });

  test('facts are found by their keys', async () => {
    const kept = { a: { n: 1 }, 'a:b': { n: 2 }, c: { n: 3 } };
    await store().write(Object.entries(kept).map(([key, value]) => ({ put: 'fact', key, value })));
    expect(await store().factsOf(['c', 'nothing', 'a'])).toEqual(
      new Map([
        ['a', { n: 1 }],
        ['c', { n: 3 }],
      ]),
    );
    expect(await store().factsOf([])).toEqual(new Map());
  });

  test('what clusters should run is read with their rows; a name without a row is left out', async () => {
    await seed();
    const found = await store().desired(names('empty', 'nobody', 'b'));
    expect(found).toEqual([
      {
        row: await store().cluster('b' as ClusterName),
        assignments: [assignmentRow('b', 'web/shop', 'prod'), assignmentRow('b', 'web/till', 'dev')],
      },
      { row: await store().cluster('empty' as ClusterName), assignments: [] },
    ]);
    expect(await store().desired([])).toEqual([]);
  });

  test('rows are found by the states that they are in, in pages', async () => {
    await store().write([
      { put: 'status', row: statusRow('a', 'web/shop') },
      { put: 'status', row: statusRow('a', 'web/till', { sync: 'Failed', health: 'Degraded', drift: 'Present' }) },
      { put: 'status', row: statusRow('b', 'web/shop', { sync: 'Failed', health: 'Healthy' }) },
      { put: 'status', row: statusRow('c', 'web/shop', { sync: 'InSync', health: 'Degraded' }) },
    ]);
    const found = async (filter: Parameters<ReturnType<CurrentStore>['statuses']>[0]): Promise<string[]> =>
      (await store().statuses(filter)).map(({ cluster, status }) => `${cluster}/${status.application}`);
    expect(await found({ sync: 'Failed' })).toEqual(['a/web/till', 'b/web/shop']);
    expect(await found({ sync: 'Failed', after: 'a/web/till', limit: 1 })).toEqual(['b/web/shop']);
    expect(await found({ health: 'Degraded', application: 'web/shop' as ApplicationId })).toEqual(['c/web/shop']);
    expect(await found({ drift: 'Present', clusters: names('a', 'b') })).toEqual(['a/web/till']);
    expect(await found({ sync: 'InSync', health: 'Healthy' })).toEqual(['a/web/shop']);
  });

  test('a state that goes on keeps its start, and so does health on the same bundle', async () => {
    const kept = async (): Promise<unknown> => {
      const [row] = await store().statuses({ cluster: 'a' as ClusterName });
      return [row?.sinceMs, row?.healthySinceMs, row?.observedAtMs, row?.status.message];
    };
    const say = (atMs: number, healthySinceMs: number | undefined, status: Parameters<typeof statusRow>[2] = {}) => {
      const { healthySinceMs: _, ...row } = statusRow('a', 'web/shop', { message: `at ${atMs}`, ...status });
      const since = healthySinceMs !== undefined && { healthySinceMs };
      return store().write([{ put: 'status', row: { ...row, sinceMs: atMs, observedAtMs: atMs, ...since } }]);
    };
    await say(10_000, 9_000);
    await say(20_000, 9_000 + 5_000);
    expect(await kept()).toEqual([10_000, 9_000, 20_000, 'at 20000']);
    // Another start of health in the same state.
    await say(30_000, 9_000 - 5_001);
    expect(await kept()).toEqual([10_000, 3_999, 30_000, 'at 30000']);
    await say(40_000, undefined, { health: 'Degraded' });
    expect(await kept()).toEqual([40_000, undefined, 40_000, 'at 40000']);
    await say(50_000, undefined, { health: 'Degraded', reason: 'ApplyFailed' });
    expect(await kept()).toEqual([50_000, undefined, 50_000, 'at 50000']);
    await say(60_000, 59_000);
    // The same moment on another bundle is another start.
    await say(70_000, 60_000, { bundle: digestOf('77') });
    expect(await kept()).toEqual([70_000, 60_000, 70_000, 'at 70000']);
  });

  test('status rows are counted by cluster', async () => {
    await store().write([
      { put: 'status', row: statusRow('a', 'web/shop') },
      { put: 'status', row: statusRow('a', 'web/till', { sync: 'Failed', health: 'Degraded' }) },
      { put: 'status', row: statusRow('b', 'web/shop', { sync: 'InSync', health: 'Degraded' }) },
    ]);
    expect(await store().tallies(names('a', 'b', 'nobody'))).toEqual(
      new Map([
        ['a', { applications: 2, inSync: 1, healthy: 1 }],
        ['b', { applications: 1, inSync: 1, healthy: 0 }],
      ]),
    );
    expect(await store().tallies([])).toEqual(new Map());
  });

  test('clusters are counted by when they were heard', async () => {
    const hello = { agentVersion: '1', kubernetesVersion: 'v1.36.1', gateway: 'gateway-1' };
    for (const [cluster, nowMs] of [
      ['now', 1000],
      ['silent', 500],
      ['lost', 10],
      ['late', 900],
      ['answered', 901],
    ] as const)
      await store().raiseSession(cluster as ClusterName, { ...hello, nowMs });
    await store().write([
      { put: 'contact', row: { cluster: 'late' as ClusterName, unansweredSinceMs: 900 } },
      // Heard since: whoever wrote that there is no answer did not know.
      { put: 'contact', row: { cluster: 'answered' as ClusterName, unansweredSinceMs: 900 } },
      { put: 'head', row: headRow('never', 1, 1) },
    ]);
    const at = { nowMs: 1000, answerWithinMs: 50, silentAfterMs: 400, lostAfterMs: 900 };
    expect(await store().connections(at)).toEqual({ Connected: 2, Silent: 2, Lost: 1, Never: 1 });
  });
}
