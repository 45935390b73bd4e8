import type { ApplicationId, ClusterName } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { join, openFleet, pass, run } from './fleet.fixture.ts';

const shop = 'web/shop' as ApplicationId;
const team =
  'apiVersion: fairlead.dev/v1alpha1\nkind: Team\nmetadata: { name: web }\nspec: { serviceAccount: fairlead-web, namespaces: ["web-*"] }\n';
const application =
  'apiVersion: fairlead.dev/v1alpha1\nkind: Application\nmetadata: { name: shop }\nspec:\n  team: web\n  source: { git: { url: "https://git.example.com/web/shop", path: deploy } }\n  pipeline: [{ environment: dev }]\n';

test('a team whose document is gone gains no rights: clusters keep what they run, and no other is given it', async () => {
  const fleet = await openFleet();
  await join(fleet, { 'dev-1': { env: 'dev' } });
  await fleet.git.server.commit({ message: 'Shop', files: { 'team.yaml': team, 'shop.yaml': application } });
  await fleet.planner.plan({ head: true });
  await pass(fleet, 60_000);
  const [before] = await fleet.store.assignments({ application: shop });
  expect(before?.entry?.team).toMatchObject({ namespaces: ['web-*'] });

  await fleet.git.server.commit({ message: 'Take the team away', files: { 'team.yaml': null } });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-2': { env: 'dev' } });
  await pass(fleet, 60_000);
  const rows = await fleet.store.assignments({ application: shop });
  expect(rows.filter(({ entry }) => entry !== undefined)).toMatchObject([{ cluster: 'dev-1', entry: before?.entry }]);
  const { standings } = await fleet.planner.decided(`dev/${shop}`);
  expect(standings?.find(({ cluster }) => cluster === ('dev-2' as ClusterName))).toMatchObject({
    reason: 'UnknownReference',
    message: expect.stringContaining('define the team') as string,
  });

  await fleet.git.server.commit({ message: 'Put the team back', files: { 'team.yaml': team } });
  await fleet.planner.plan({ head: true });
  await pass(fleet, 60_000);
  await run(fleet);
  const after = await fleet.store.assignments({ application: shop });
  expect(after.map(({ cluster, entry }) => [cluster, entry?.team.namespaces])).toEqual([
    ['dev-1', ['web-*']],
    ['dev-2', ['web-*']],
  ]);
});
