import { expect, it } from 'vitest';
import type { ApplicationId } from '@fairlead/core/model';
import { applicationYaml, join, log, openFleet, pass, run, why } from './fleet.fixture.ts';
import { unitsAbout } from './units.ts';

const db = 'default/db' as ApplicationId;
const promotions = async (fleet: Awaited<ReturnType<typeof openFleet>>) =>
  (await log(fleet)).filter((line) => line.startsWith('Promote') && line.endsWith('prod'));

async function fleetWith(files: Readonly<Record<string, string>>) {
  const fleet = await openFleet();
  const dbYaml = applicationYaml('[{ environment: dev }, { environment: prod, gates: [{ soak: 1m }] }]');
  await fleet.git.server.commit({
    message: 'Wait',
    files: { 'db.yaml': dbYaml.replace('name: podinfo', 'name: db'), ...files },
  });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'prod-1': { env: 'prod' } });
  return fleet;
}

const waits = {
  'podinfo.yaml': applicationYaml(
    '[{ environment: dev }, { environment: prod, gates: [{ dependency: { application: default/db } }] }]',
  ),
};

it('a release waits until the application that it needs is in the environment, in sync and healthy', async () => {
  const fleet = await fleetWith(waits);
  fleet.source.broken.add('1.0.0 in prod');
  const gate = async () => (await why(fleet, 'prod'))?.gates[0];
  expect(await gate()).toMatchObject({ reason: 'WaitsForDependency', message: 'default/db has no release here yet.' });
  await pass(fleet, 60_000);
  expect(await gate()).toMatchObject({
    verdict: 'Wait',
    message: '1 of 1 clusters do not run default/db 1.0.0 in sync and healthy, such as prod-1.',
  });
  const [status] = await fleet.store.statuses({ application: db, cluster: 'prod-1' as never });
  if (status === undefined) throw new Error('prod-1 says nothing');
  await fleet.store.write([{ put: 'status', row: { ...status, healthySinceMs: fleet.clock.now() } }]);
  await fleet.bus.publish('statuses', { clusters: ['prod-1' as never], applications: [db] });
  await fleet.planner.plan({ units: [] });
  expect(await promotions(fleet)).toEqual([
    'Promote default/db 1.0.0 to prod',
    'Promote default/podinfo 1.0.0 to prod',
  ]);
});

it('news of an application are about those that wait for it, and about no others', async () => {
  const snapshot = (await fleetWith(waits)).planner.current();
  if (snapshot === undefined) throw new Error('nothing was read');
  expect([...unitsAbout(snapshot, new Set([db]))].sort()).toEqual([
    'dev/default/db',
    'prod/default/db',
    'prod/default/podinfo',
  ]);
  expect([...unitsAbout(snapshot, new Set(['default/podinfo']))]).not.toContain('prod/default/db');
});

it('an environment may make all wait for one application, which does not wait for itself', async () => {
  const prod =
    'apiVersion: fairlead.dev/v1alpha1\nkind: Environment\nmetadata: { name: prod }\nspec: { clusters: { matchLabels: { env: prod } }, gates: [{ dependency: { application: default/db } }] }\n';
  const fleet = await fleetWith({
    'prod.yaml': prod,
    'podinfo.yaml': applicationYaml('[{ environment: dev }, { environment: prod }]'),
  });
  expect(await promotions(fleet)).toEqual([]);
  await pass(fleet, 60_000);
  await run(fleet);
  expect(await promotions(fleet)).toEqual([
    'Promote default/db 1.0.0 to prod',
    'Promote default/podinfo 1.0.0 to prod',
  ]);
});

it('a release does not enter beside the one that it waits for, on the health of what that ran before', async () => {
  const fleet = await fleetWith({
    'podinfo.yaml': applicationYaml(
      '[{ environment: dev }, { environment: prod, gates: [{ soak: 1m }, { dependency: { application: default/db } }] }]',
    ),
  });
  await pass(fleet, 60_000);
  fleet.source.broken.add('2.0.0 in prod');
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await run(fleet);
  await pass(fleet, 60_000);
  expect((await promotions(fleet)).slice(2)).toEqual(['Promote default/db 2.0.0 to prod']);
  expect((await why(fleet, 'prod'))?.next?.reason).toBe('WaitsForDependency');
});
