import { expect, test } from 'vitest';
import type { ClusterName, EnvironmentName } from '@fairlead/core/model';
import { join, log, openFleet, podinfo } from './fleet.fixture.ts';

const place = (environment: string) => ({ application: podinfo, environment: environment as EnvironmentName });
const members = { 'dev-1': { env: 'dev' }, 'staging-1': { env: 'staging' }, 'prod-1': { env: 'prod' } };

test('the newest offer is previewed whatever its gates say, with the bundle of each cluster; nothing is committed', async () => {
  const fleet = await openFleet();
  await join(fleet, members);
  const before = await log(fleet);
  const preview = await fleet.previews.of(place('staging'));
  expect(preview.release.version).toBe('1.0.0');
  expect(preview.clusters).toEqual(['staging-1']);
  const bundles = await preview.bundles(preview.clusters);
  expect(bundles.get('staging-1' as ClusterName)).toMatch(/^sha256:/);
  expect(await log(fleet)).toEqual(before);
});

test('what no ledger file named yet can be named again by its digest, and nothing else', async () => {
  const fleet = await openFleet();
  await join(fleet, members);
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  const { release } = await fleet.previews.of(place('dev'));
  expect(release.version).toBe('2.0.0');
  fleet.source.down = true;
  const again = await fleet.previews.of({ ...place('prod'), release: release.digest });
  expect(again.release).toEqual(release);
  expect((await fleet.previews.of({ ...place('prod'), release: '1.0.0' })).release.version).toBe('1.0.0');
  await expect(fleet.previews.of({ ...place('prod'), release: '3.0.0' })).rejects.toMatchObject({
    reason: 'NoCandidate',
  });
});

test('an environment that nothing is offered to shows what it has, and one that has nothing says so', async () => {
  const fleet = await openFleet();
  await join(fleet, members);
  expect((await fleet.previews.of(place('dev'))).release.version).toBe('1.0.0');
  await expect(fleet.previews.of(place('prod'))).rejects.toMatchObject({ reason: 'NoCandidate' });
});

test('a cluster whose bundle cannot be rendered has an error in the place of it', async () => {
  const fleet = await openFleet();
  await join(fleet, members);
  fleet.source.renders = false;
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  const preview = await fleet.previews.of(place('dev'));
  const bundles = await preview.bundles(preview.clusters);
  expect(bundles.get('dev-1' as ClusterName)).toMatchObject({ reason: 'RenderFailed' });
});
