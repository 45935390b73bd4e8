import type { ApplicationId, ClusterName } from '@fairlead/core/model';
import type { Change } from '@fairlead/ports/store';
import { expect, test } from 'vitest';
import { assignmentRow, headRow, statusRow } from './rows.ts';
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
}
