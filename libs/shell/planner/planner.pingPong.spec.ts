import { expect, it } from 'vitest';
import type { ClusterName } from '@fairlead/core/model';
import {
  applicationYaml,
  env,
  environmentYaml,
  join,
  log,
  loseStore,
  minutes,
  openFleet,
  pass,
  podinfo,
  release,
  speakAgain,
  versions,
  why,
  type Fleet,
} from './fleet.fixture.ts';

/** Cases in which promotions, rollbacks and people could chase each other for ever; beside those of planner.walk.spec.ts. */

const ada = { name: 'ada', email: 'ada@example.com' };
const shops = { 'dev-1': { env: 'dev' }, 'staging-1': { env: 'staging' }, 'prod-1': { env: 'prod' } };

async function shipped(members: Readonly<Record<string, Readonly<Record<string, string>>>> = shops): Promise<Fleet> {
  const fleet = await openFleet();
  await join(fleet, members);
  await pass(fleet, 60_000);
  return fleet;
}

async function words(fleet: Fleet, pattern: RegExp): Promise<string[]> {
  return (await log(fleet)).filter((subject) => pattern.test(subject));
}

it('a hold survives a lost store', async () => {
  const before = await shipped();
  await before.actions.hold({ application: podinfo, environment: env('prod'), reason: 'incident 4711' }, ada);
  const fleet = await loseStore(before);
  for (const cluster of Object.keys(shops) as ClusterName[]) await speakAgain(fleet, { before, cluster });
  await release(fleet, '2.0.0');
  await minutes(fleet, 15);
  expect(await versions(fleet)).toEqual({ 'dev-1': '2.0.0', 'staging-1': '2.0.0', 'prod-1': '1.0.0' });
  expect((await why(fleet, 'prod'))?.next).toMatchObject({ reason: 'OnHold' });
});

it('a revert of the bad commit in the source ships, and so does what comes after it', async () => {
  const fleet = await shipped();
  fleet.source.broken.add('2.0.0 in prod');
  await release(fleet, '2.0.0');
  await minutes(fleet, 15);
  expect(await words(fleet, /^Rollback/)).toHaveLength(1);
  expect(await versions(fleet)).toEqual({ 'dev-1': '2.0.0', 'staging-1': '2.0.0', 'prod-1': '1.0.0' });
  await release(fleet, '1.0.0', 'revert');
  await minutes(fleet, 3);
  expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'staging-1': '1.0.0', 'prod-1': '1.0.0' });
  await release(fleet, '3.0.0');
  await minutes(fleet, 3);
  expect(new Set(Object.values(await versions(fleet)))).toEqual(new Set(['3.0.0']));
  expect(await words(fleet, /^(Rollback|Halt)/)).toHaveLength(1);
});

it('with WhenFree in dev, a commit every five seconds neither starves staging nor floods it', async () => {
  const fleet = await openFleet();
  const pipeline =
    '[{ environment: dev, enter: WhenFree }, { environment: staging, gates: [{ soak: 1m }] }, { environment: prod }]';
  await fleet.git.server.commit({ message: 'Free', files: { 'podinfo.yaml': applicationYaml(pipeline) } });
  await join(fleet, shops);
  const entered: string[] = [];
  for (let second = 0; second < 600; second += 5) {
    Object.assign(fleet.source, { version: `1.${second}.0`, revision: `r${second}` });
    await pass(fleet, 5_000);
    const now = (await versions(fleet))['staging-1'];
    if (now !== undefined && now !== entered.at(-1)) entered.push(now);
  }
  // A minute's soak and the round of five seconds for each: nine or ten in ten minutes.
  expect(entered.length).toBeGreaterThanOrEqual(8);
  expect(entered.length).toBeLessThanOrEqual(10);
  expect(await words(fleet, /to dev$/)).toHaveLength(entered.length + 1);
  expect((await why(fleet, 'staging'))?.next?.reason).not.toBe('SoakStarved');
});

it('of three clusters a sick one keeps nobody from the release, and halts nobody', async () => {
  const three = { 'prod-1': { env: 'prod' }, 'prod-2': { env: 'prod' }, 'prod-3': { env: 'prod' } };
  const fleet = await openFleet();
  for (const version of ['1.0.0', '2.0.0']) fleet.source.broken.add(`${version} on prod-2`);
  const one = applicationYaml('[{ environment: prod }]');
  const prod = environmentYaml('prod', '{ maxUnavailable: 1 }');
  await fleet.git.server.commit({ message: 'One environment', files: { 'podinfo.yaml': one, 'prod.yaml': prod } });
  await join(fleet, { 'prod-1': { env: 'prod' }, 'prod-3': { env: 'prod' } });
  await join(fleet, three);
  await minutes(fleet, 12);
  await release(fleet, '2.0.0');
  await minutes(fleet, 30);
  expect(await versions(fleet)).toEqual({ 'prod-1': '2.0.0', 'prod-2': '2.0.0', 'prod-3': '2.0.0' });
  expect(await words(fleet, /^(Rollback|Halt)/)).toEqual([]);
  expect((await why(fleet, 'prod'))?.state).toBe('Over');
});

it('a new cluster that fails rolls back nobody, and the next release reaches everybody', async () => {
  const fleet = await shipped();
  fleet.source.broken.add('1.0.0 on prod-9');
  await join(fleet, { 'prod-9': { env: 'prod' } });
  await minutes(fleet, 15);
  expect(await words(fleet, /^(Rollback|Halt)/)).toEqual([]);
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0', 'prod-9': '1.0.0' });
  fleet.source.broken.add('2.0.0 on prod-9');
  await release(fleet, '2.0.0');
  await minutes(fleet, 30);
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '2.0.0', 'prod-9': '2.0.0' });
  expect(await words(fleet, /^(Rollback|Halt)/)).toEqual([]);
});

it('a cluster that is new in the middle of a rollout rolls back nobody', async () => {
  const fleet = await shipped({ ...shops, 'prod-0': { env: 'prod', tier: 'canary' } });
  for (const version of ['1.0.0', '2.0.0']) fleet.source.broken.add(`${version} on prod-9`);
  await release(fleet, '2.0.0');
  await join(fleet, { 'prod-9': { env: 'prod' } });
  await minutes(fleet, 30);
  expect(await words(fleet, /^(Rollback|Halt)/)).toEqual([]);
  expect(await versions(fleet)).toMatchObject({ 'prod-0': '2.0.0', 'prod-1': '2.0.0', 'prod-9': '2.0.0' });
});

it('a word from before a release went and came back proves nothing', async () => {
  const fleet = await shipped({ 'dev-1': { env: 'dev' }, 'staging-1': { env: 'staging' } });
  fleet.silent.add('dev-1');
  await release(fleet, '2.0.0');
  await release(fleet, '1.0.0', 'again');
  expect(await words(fleet, /^Promote.* to staging$/)).toHaveLength(1);
  expect((await why(fleet, 'staging'))?.next).toMatchObject({ reason: 'WaitsForGate' });
  expect((await why(fleet, 'dev'))?.state).toBe('Progressing');
  fleet.silent.delete('dev-1');
  await pass(fleet, 1_000);
  expect((await why(fleet, 'dev'))?.state).toBe('Over');
  expect(await words(fleet, /^Promote.* to staging$/)).toHaveLength(2);
});
