import { expect, it } from 'vitest';
import { applicationYaml, env, join, log, openFleet, pass, podinfo, run, versions, why } from './fleet.fixture.ts';

const eve = { name: 'eve', email: 'eve@example.com' };
const toProd = { application: podinfo, environment: env('prod') };

async function paused() {
  const fleet = await openFleet();
  const gates = '[{ pause: { reason: audit } }, { soak: 1m }]';
  const pipeline = `[{ environment: dev }, { environment: prod, gates: ${gates} }]`;
  await fleet.git.server.commit({ message: 'Audit', files: { 'podinfo.yaml': applicationYaml(pipeline) } });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'prod-1': { env: 'prod' } });
  return fleet;
}

it('a pause stops each candidate until somebody lets it go on; the other gates still hold it', async () => {
  const fleet = await paused();
  expect((await why(fleet, 'prod'))?.gates).toMatchObject([{ gate: 'pause', reason: 'Paused' }, { gate: 'soak' }]);
  await fleet.actions.resume({ ...toProd, reason: 'seen' }, eve);
  expect(await versions(fleet)).not.toHaveProperty('prod-1');
  await pass(fleet, 60_000);
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
  expect((await log(fleet)).slice(-2)).toEqual([
    'Resume default/podinfo 1.0.0 for prod',
    'Promote default/podinfo 1.0.0 to prod',
  ]);
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await run(fleet);
  await pass(fleet, 60_000);
  expect(await versions(fleet)).toMatchObject({ 'dev-1': '2.0.0', 'prod-1': '1.0.0' });
  expect((await why(fleet, 'prod'))?.next?.reason).toBe('Paused');
});

it('a hold goes first, then the pause, then there is nothing to resume', async () => {
  const fleet = await paused();
  await fleet.actions.resume(toProd, eve);
  await pass(fleet, 60_000);
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await run(fleet);
  await fleet.actions.hold({ ...toProd, reason: 'incident' }, eve);
  await fleet.actions.resume(toProd, eve);
  expect((await why(fleet, 'prod'))?.next?.reason).toBe('Paused');
  await fleet.actions.resume(toProd, eve);
  await expect(fleet.actions.resume(toProd, eve)).rejects.toThrow('no gate pauses it');
});
