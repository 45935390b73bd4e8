import { expect, test } from 'vitest';
import { verificationOf, type ApplicationId, type ClusterName } from '@fairlead/core/model';
import { standingsKey } from '@fairlead/core/rollout';
import { manualClock } from '@fairlead/ports/clock';
import { assignmentRow, commitOf, digestOf, headRow, statusRow } from '@fairlead/ports/contracts/store';
import { memoryStore } from '@fairlead/ports/store';
import { listPlacements } from './placements.ts';
import type { FleetInForce, ReadPorts } from './ports.ts';

const names = ['edge', 'edge-2'] as ClusterName[];
const shop = 'web/shop' as ApplicationId;
const why = { reason: 'ObjectProtected', message: 'fairlead acknowledge Protected …' } as const;

/** Git places web/shop in both clusters; edge also still runs default/gone. */
async function ports(): Promise<ReadPorts> {
  const store = memoryStore();
  const rows = [
    statusRow('edge', 'default/gone', { sync: 'OutOfSync', ...why }),
    statusRow('edge', shop),
    statusRow('edge-2', shop),
    statusRow('stranger', 'default/gone'),
  ];
  await store.write(rows.map((row) => ({ put: 'status', row })));
  const fleet = {
    ledger: { members: new Map(names.map((name) => [name, {}])) },
    placement: { applications: new Map([[shop, new Map([['prod', names]])]]), labels: new Map() },
    named: new Map([['prod/default/gone', [{ commit: commitOf('3') }]]]),
  } as unknown as FleetInForce;
  return {
    store,
    clock: manualClock(),
    repository: '',
    fleet: () => fleet,
    troubles: async () => [],
    connection: () => 'Connected',
  };
}

test('what a member still runs though git does not place it is shown, with its reason and where it came from', async () => {
  const { items } = await listPlacements(await ports(), { limit: 100 });
  expect(items.map((item) => [item.cluster, item.application, item.environment, item.sync])).toEqual([
    ['edge-2', shop, 'prod', 'InSync'],
    ['edge', 'default/gone', 'prod', 'OutOfSync'],
    ['edge', shop, 'prod', 'InSync'],
  ]);
  expect(items[1]).toMatchObject(why);
});

test('what is in a state is found among all clusters, in pages', async () => {
  const at = await ports();
  const { items } = await listPlacements(at, { limit: 100, sync: 'OutOfSync' });
  expect(items.map((item) => [item.cluster, item.application, item.environment])).toEqual([
    ['edge', 'default/gone', 'prod'],
  ]);
  const first = await listPlacements(at, { limit: 1, health: 'Healthy', application: shop });
  const second = await listPlacements(at, { limit: 1, health: 'Healthy', application: shop, cursor: first.next });
  expect([...first.items, ...second.items].map((item) => item.cluster)).toEqual(['edge', 'edge-2']);
  expect(second.next).toBeUndefined();
});

test('an environment is the same one whichever way a row is found', async () => {
  const at = await ports();
  await at.store.write([{ put: 'assignment', row: assignmentRow('edge', shop, 'staging') }]);
  const found = async (query: Partial<Parameters<typeof listPlacements>[1]>) =>
    (await listPlacements(at, { limit: 100, ...query })).items
      .map((item) => `${item.cluster}/${item.application}`)
      .toSorted();
  // Git places it in prod, and it still runs what staging gave it.
  for (const health of [undefined, 'Healthy'] as const) {
    expect(await found({ health, environment: 'staging' })).toEqual(['edge/web/shop']);
    expect(await found({ health, environment: 'prod' })).toEqual(['edge-2/web/shop', 'edge/default/gone']);
  }
});

test('what has not answered to a new bundle shows why it waits, by the word on its own unit', async () => {
  const at = await ports();
  const { entry, ...row } = assignmentRow('edge', shop, 'prod');
  const held = { cluster: 'edge', wave: 'second', state: 'InProgress', reason: 'WaitsForWave', message: 'not yet' };
  await at.store.write([
    { put: 'head', row: headRow('edge', 1, 1) },
    { put: 'assignment', row: { ...row, ...(entry && { entry: { ...entry, bundle: digestOf('99') } }) } },
    { put: 'fact', key: standingsKey('prod/web/shop'), value: { clusters: [held] } },
  ]);
  const { items } = await listPlacements(at, { limit: 100, health: 'Healthy', application: shop });
  expect(items.map(({ cluster, sync, message }) => [cluster, sync, message])).toEqual([
    ['edge', 'Assigned', 'not yet'],
    ['edge-2', 'InSync', 'all is well'],
  ]);
});

test('pages of one row give every row once', async () => {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await listPlacements(await ports(), { limit: 1, cursor });
    seen.push(...page.items.map((item) => `${item.cluster}/${item.application}`));
    cursor = page.next;
  } while (cursor !== undefined && seen.length < 10);
  expect(seen).toEqual(['edge-2/web/shop', 'edge/default/gone', 'edge/web/shop']);
});

test('one application is asked for in the clusters that run it, placed there or not', async () => {
  const { items } = await listPlacements(await ports(), { limit: 100, application: 'default/gone' });
  expect(items.map((item) => item.cluster)).toEqual(['edge']);
});

test('a verification is a row of its own, in the environment that runs it, and no row of its application', async () => {
  const at = await ports();
  const job = verificationOf(shop);
  await at.store.write([
    { put: 'assignment', row: assignmentRow('edge', job, 'prod') },
    { put: 'status', row: statusRow('edge', job, { health: 'Progressing' }) },
  ]);
  const found = async (query: Partial<Parameters<typeof listPlacements>[1]>) =>
    (await listPlacements(at, { limit: 100, ...query })).items.map(({ cluster, application, environment }) => [
      cluster,
      application,
      environment,
    ]);
  expect(await found({ application: shop })).toEqual([
    ['edge-2', shop, 'prod'],
    ['edge', shop, 'prod'],
  ]);
  expect(await found({ application: job })).toEqual([['edge', 'web/shop.verification', 'prod']]);
  expect(await found({ cluster: 'edge', health: 'Progressing' })).toEqual([['edge', job, 'prod']]);
});
