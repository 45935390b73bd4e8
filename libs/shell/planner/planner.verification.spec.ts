import { expect, it } from 'vitest';
import { verificationOf, type ClusterName, type HealthState } from '@fairlead/core/model';
import {
  applicationYaml,
  env,
  environmentYaml,
  generousFleetYaml,
  jobStatus,
  join,
  loseStore,
  openFleet,
  pass,
  podinfo,
  run,
  speakAgain,
  versions,
  why,
  type Fleet,
} from './fleet.fixture.ts';

const job = verificationOf(podinfo);
const people = { name: 'eve', email: 'eve@example.com' };

/** Dev, then prod behind a verification in dev. */
async function verifying(
  gate = '{ path: verify }',
  { jobs = [], members = {} }: { jobs?: HealthState[]; members?: Record<string, Record<string, string>> } = {},
): Promise<Fleet> {
  const fleet = await openFleet();
  fleet.source.jobs = jobs;
  const more = `[{ environment: dev }, { environment: prod, gates: [{ verification: ${gate} }] }]`;
  const text = applicationYaml(more).replace('path: deploy', 'path: deploy, root: .');
  await fleet.git.server.commit({ message: 'Verify', files: { 'podinfo.yaml': text } });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'dev-2': { env: 'dev' }, 'prod-1': { env: 'prod' }, ...members });
  return fleet;
}

const gateOf = async (fleet: Fleet) => (await why(fleet, 'prod'))?.gates[0];

/** What each cluster has of the verification: `Job`, `Leaves`, or nothing. */
async function jobs({ store }: Pick<Fleet, 'store'>): Promise<Record<string, string>> {
  const rows = await store.assignments({ application: job });
  return Object.fromEntries(
    rows.flatMap(({ cluster, entry, tombstone }) =>
      entry ? [[cluster, 'Job']] : tombstone ? [[cluster, 'Leaves']] : [],
    ),
  );
}

/** The agent of a cluster says how the Job there has ended. */
async function ends(fleet: Fleet, cluster: string, health: HealthState): Promise<void> {
  const [row] = await fleet.store.assignments({ cluster: cluster as ClusterName, application: job });
  if (row === undefined) throw new Error('no Job is there');
  await fleet.store.write([{ put: 'status', row: jobStatus(row, { health, clock: fleet.clock }) }]);
  await run(fleet);
}

it('a Job in the first healthy cluster of the environment before lets the release in, and is taken away', async () => {
  const fleet = await verifying();
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1']);
  expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'dev-2': '1.0.0', 'prod-1': '1.0.0' });
  expect(await jobs(fleet)).toEqual({});
  expect(await fleet.store.statuses({ application: job })).toEqual([]);
});

it('a Job that runs is waited for, and prod has nothing until it has passed', async () => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Progressing'] });
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Wait',
    reason: 'WaitsForVerification',
    message: 'The Job of verify runs in dev-1; 600 s of 10m are left.',
  });
  expect(await jobs(fleet)).toEqual({ 'dev-1': 'Job' });
  expect(await versions(fleet)).not.toHaveProperty('prod-1');
  await ends(fleet, 'dev-1', 'Healthy');
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
  expect(await jobs(fleet)).toEqual({});
});

it('a Job that failed keeps the release out for good, and the next release has a Job of its own', async () => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Degraded'] });
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Fail',
    reason: 'VerificationFailed',
    message: 'The Job of verify in dev-1 failed: BackoffLimitExceeded. Promote by hand, or release a fix.',
  });
  await pass(fleet, 3_600_000);
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1']);
  expect(await jobs(fleet)).toEqual({});
  expect(await versions(fleet)).not.toHaveProperty('prod-1');
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await run(fleet);
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1', '2.0.0 on dev-1']);
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '2.0.0' });
});

it('retries are Jobs made anew, once the one before is gone, and no more than asked for', async () => {
  const passes = await verifying('{ path: verify, retries: 2 }', { jobs: ['Degraded', 'Degraded'] });
  expect(passes.source.ran).toEqual(['1.0.0 on dev-1', '1.0.0 on dev-1', '1.0.0 on dev-1']);
  expect(await versions(passes)).toMatchObject({ 'prod-1': '1.0.0' });
  const fails = await verifying('{ path: verify, retries: 1 }', { jobs: ['Degraded', 'Degraded'] });
  expect(fails.source.ran).toHaveLength(2);
  expect(await gateOf(fails)).toMatchObject({
    verdict: 'Fail',
    message:
      'The Job of verify in dev-1 failed: BackoffLimitExceeded. That was try 2 of 2. Promote by hand, or release a fix.',
  });
});

it('a Job that is not done within its time has failed', async () => {
  const fleet = await verifying('{ path: verify, timeout: 5m }', { jobs: ['Progressing'] });
  await pass(fleet, 299_000);
  expect(await gateOf(fleet)).toMatchObject({ verdict: 'Wait' });
  await pass(fleet, 1_000);
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Fail',
    message: 'The Job of verify in dev-1 was not done within 5m. Promote by hand, or release a fix.',
  });
  expect(await jobs(fleet)).toEqual({});
});

it('a Job is asked for when every other gate has passed, and the release stays in the environment until then', async () => {
  const fleet = await openFleet();
  fleet.source.jobs = ['Progressing'];
  const entries =
    '{ environment: staging, gates: [{ soak: 1m }] }, { environment: prod, gates: [{ verification: { path: verify } }, { approval: { from: [eve] } }] }';
  const text = applicationYaml(`[{ environment: dev }, ${entries}]`).replace('path: deploy', 'path: deploy, root: .');
  const team = `apiVersion: fairlead.dev/v1alpha1\nkind: Team\nmetadata: { name: web }\nspec: { serviceAccount: web, approvers: [eve] }\n`;
  await fleet.git.server.commit({ message: 'Verify', files: { 'podinfo.yaml': text, 'team.yaml': team } });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'staging-1': { env: 'staging' }, 'prod-1': { env: 'prod' } });
  await pass(fleet, 60_000);
  expect(await versions(fleet)).toMatchObject({ 'staging-1': '1.0.0' });
  expect(fleet.source.ran).toEqual([]);
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Unknown',
    message: 'A Job runs in staging as soon as every other gate has passed.',
  });
  await fleet.actions.approve({ application: podinfo, environment: env('prod') }, people);
  await run(fleet);
  expect(fleet.source.ran).toEqual(['1.0.0 on staging-1']);
  // What runs its Job is not replaced under it.
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await run(fleet);
  await pass(fleet, 120_000);
  expect(await versions(fleet)).toMatchObject({ 'dev-1': '2.0.0', 'staging-1': '1.0.0' });
  expect((await why(fleet, 'staging'))?.next).toMatchObject({ reason: 'WaitsUntilFree' });
  await ends(fleet, 'staging-1', 'Healthy');
  expect(await versions(fleet)).toMatchObject({ 'dev-1': '2.0.0', 'staging-1': '2.0.0', 'prod-1': '1.0.0' });
});

it('a failed verification lets the fix into the environment that it ran in', async () => {
  const fleet = await openFleet();
  fleet.source.jobs = ['Degraded'];
  const entries = '{ environment: staging }, { environment: prod, gates: [{ verification: { path: verify } }] }';
  const text = applicationYaml(`[{ environment: dev }, ${entries}]`).replace('path: deploy', 'path: deploy, root: .');
  await fleet.git.server.commit({ message: 'Verify', files: { 'podinfo.yaml': text } });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'staging-1': { env: 'staging' }, 'prod-1': { env: 'prod' } });
  expect(await gateOf(fleet)).toMatchObject({ verdict: 'Fail' });
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await run(fleet);
  expect(await versions(fleet)).toEqual({ 'dev-1': '2.0.0', 'staging-1': '2.0.0', 'prod-1': '2.0.0' });
});

it('a candidate that is superseded while its Job runs is not verified, and its Job goes before the next comes', async () => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Progressing', 'Progressing'] });
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await run(fleet);
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1', '2.0.0 on dev-1']);
  await ends(fleet, 'dev-1', 'Healthy');
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '2.0.0' });
});

it('a restart goes on with the Job that runs, and keeps a verdict that is there', async () => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Progressing'] });
  await fleet.planner.close();
  const again = await openFleet({ from: fleet, store: fleet.store });
  await run(again);
  expect(again.source.ran).toEqual([]);
  expect(await gateOf(again)).toMatchObject({ verdict: 'Wait' });
  await ends(again, 'dev-1', 'Degraded');
  await again.planner.close();
  const last = await openFleet({ from: fleet, store: fleet.store });
  await run(last);
  expect(await gateOf(last)).toMatchObject({ verdict: 'Fail', reason: 'VerificationFailed' });
  expect(last.source.ran).toEqual([]);
});

it('a verdict outlives the environment that moves on', async () => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Healthy', 'Progressing'] });
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
  const place = { application: podinfo, environment: env('prod') };
  await fleet.actions.hold({ ...place, reason: 'incident' }, people);
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await run(fleet);
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1']);
  await fleet.actions.resume(place, people);
  await run(fleet);
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1', '2.0.0 on dev-1']);
  await ends(fleet, 'dev-1', 'Healthy');
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '2.0.0' });
});

it('a folder that does not render is unknown, says why, and begins when it does', async () => {
  const fleet = await openFleet();
  fleet.source.brokenFolders.add('verify');
  const more = '[{ environment: dev }, { environment: prod, gates: [{ verification: { path: verify } }] }]';
  const text = applicationYaml(more).replace('path: deploy', 'path: deploy, root: .');
  await fleet.git.server.commit({ message: 'Verify', files: { 'podinfo.yaml': text } });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'prod-1': { env: 'prod' } });
  await run(fleet);
  expect(await gateOf(fleet)).toMatchObject({
    verdict: 'Unknown',
    reason: 'RenderFailed',
    message: expect.stringContaining('No Job can run in dev: ') as unknown,
  });
  expect(await versions(fleet)).not.toHaveProperty('prod-1');
  fleet.source.brokenFolders.clear();
  await pass(fleet, 30_000);
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
});

it('a cluster that falls silent makes it unknown, and the next one runs it when its time is over', async () => {
  const fleet = await verifying('{ path: verify, timeout: 10m }', { jobs: ['Progressing'] });
  for (let minute = 0; minute < 11; minute += 1) {
    fleet.clock.advance(60_000);
    for (const cluster of ['dev-2', 'prod-1'] as ClusterName[])
      await fleet.store.write([{ put: 'contact', row: { cluster, lastHeardAtMs: fleet.clock.now() } }]);
    await fleet.planner.plan();
    if (minute === 7) {
      expect(await gateOf(fleet)).toMatchObject({
        verdict: 'Unknown',
        reason: 'ClusterSilent',
        message: 'The Job of verify was given to dev-1, which is silent.',
      });
    }
  }
  expect(await jobs(fleet)).toEqual({ 'dev-1': 'Leaves', 'dev-2': 'Job' });
  await run(fleet);
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1', '1.0.0 on dev-2']);
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
});

it('two entries that ask the same of one environment have one Job, and what asks for another waits its turn', async () => {
  const fleet = await openFleet();
  fleet.source.jobs = ['Progressing', 'Progressing'];
  const entry = (name: string, path: string) =>
    `{ environment: ${name}, after: [dev], gates: [{ verification: { path: ${path} } }] }`;
  const pipeline = `[{ environment: dev }, ${entry('east', 'verify')}, ${entry('west', 'verify')}, ${entry('north', 'other')}]`;
  const text = applicationYaml(pipeline).replace('path: deploy', 'path: deploy, root: .');
  const places = Object.fromEntries(['east', 'west', 'north'].map((name) => [`${name}.yaml`, environmentYaml(name)]));
  await fleet.git.server.commit({ message: 'Verify', files: { 'podinfo.yaml': text, ...places } });
  await fleet.planner.plan({ head: true });
  await join(fleet, {
    'dev-1': { env: 'dev' },
    'east-1': { env: 'east' },
    'west-1': { env: 'west' },
    'north-1': { env: 'north' },
  });
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1']);
  expect((await why(fleet, 'north'))?.gates[0]?.message).toBe(
    'A Job runs in dev as soon as every other gate has passed, and the one that runs there is over.',
  );
  await ends(fleet, 'dev-1', 'Healthy');
  expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'east-1': '1.0.0', 'west-1': '1.0.0' });
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1', '1.0.0 on dev-1']);
  await ends(fleet, 'dev-1', 'Healthy');
  expect(await versions(fleet)).toMatchObject({ 'north-1': '1.0.0' });
});

it('a frozen cluster is left as it is, and what it says counts', async () => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Progressing'] });
  const cluster = 'dev-1' as ClusterName;
  await fleet.actions.freeze({ cluster, reason: 'hardware swap' }, people);
  await run(fleet);
  await ends(fleet, 'dev-1', 'Healthy');
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
  expect(await jobs(fleet)).toEqual({ 'dev-1': 'Job' });
  await fleet.actions.freeze({ cluster }, people);
  await run(fleet);
  expect(await jobs(fleet)).toEqual({});
});

it('a cluster that two environments select keeps the Job, until it is of one again', async () => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Progressing'] });
  const both = environmentYaml('prod').replace(
    'matchLabels: { env: prod }',
    'matchExpressions: [{ key: env, operator: Exists }]',
  );
  await fleet.git.server.commit({ message: 'Both', files: { 'prod.yaml': both } });
  await fleet.planner.plan({ head: true });
  await run(fleet);
  expect(await jobs(fleet)).toEqual({ 'dev-1': 'Job' });
  await fleet.git.server.commit({ message: 'One', files: { 'prod.yaml': environmentYaml('prod') } });
  await fleet.planner.plan({ head: true });
  await ends(fleet, 'dev-1', 'Healthy');
  expect(await jobs(fleet)).toEqual({});
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1']);
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
});

it('a silence is noticed when it begins, and not when the time of the Job is over', async () => {
  const fleet = await verifying('{ path: verify, timeout: 1h }', { jobs: ['Progressing'] });
  fleet.clock.advance(299_000);
  await fleet.planner.plan();
  fleet.clock.advance(1_000);
  // What the timer asked for is waited for, and nothing is asked for here.
  await fleet.planner.plan({ units: [] });
  expect(await gateOf(fleet)).toMatchObject({ reason: 'ClusterSilent' });
});

it('a cluster that leaves the environment takes the Job away, and another one runs it', async () => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Progressing', 'Progressing'] });
  const labels = 'apiVersion: fairlead.dev/v1alpha1\nkind: Cluster\nmetadata: { name: dev-1, labels: { env: none } }\n';
  await fleet.git.server.commit({ message: 'Move', files: { 'dev-1.yaml': labels } });
  await fleet.planner.plan({ head: true });
  await run(fleet);
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1', '1.0.0 on dev-2']);
  expect(await jobs(fleet)).toEqual({ 'dev-2': 'Job' });
});

it('a gate that goes away takes its Job along', async () => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Progressing'] });
  const text = applicationYaml('[{ environment: dev }, { environment: prod }]');
  await fleet.git.server.commit({ message: 'Ease', files: { 'podinfo.yaml': text } });
  await fleet.planner.plan({ head: true });
  await run(fleet);
  expect(await jobs(fleet)).toEqual({});
  expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
  expect(await fleet.store.facts('verification:')).toEqual(new Map());
});

it.each([
  ['an application that cannot be read', 'podinfo.yaml', '\nspec: 1\n'],
  ['an environment that cannot be read', 'prod.yaml', '\nspec: 1\n'],
])('%s takes no Job away, also after a restart', async (_what, path, broken) => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Progressing'] });
  const head = await fleet.git.repository.fetch();
  const whole = (await fleet.git.repository.file(head, path))?.text ?? '';
  await fleet.git.server.commit({
    message: 'Break',
    files: { [path]: broken === undefined ? null : `${whole}${broken}` },
  });
  await fleet.planner.close();
  const again = await openFleet({ from: fleet, store: fleet.store });
  await pass(again, 60_000);
  expect(await jobs(again)).toEqual({ 'dev-1': 'Job' });
  expect(await versions(again)).toEqual({ 'dev-1': '1.0.0', 'dev-2': '1.0.0' });
  await again.git.server.commit({ message: 'Mend', files: { [path]: whole } });
  await again.planner.plan({ head: true });
  await ends(again, 'dev-1', 'Healthy');
  expect(await jobs(again)).toEqual({});
  expect(await versions(again)).toMatchObject({ 'prod-1': '1.0.0' });
});

it('an application whose document is deleted takes its Job along', async () => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Progressing'] });
  await fleet.git.server.commit({
    message: 'Delete',
    files: { 'podinfo.yaml': null, 'fairlead.yaml': generousFleetYaml },
  });
  await fleet.planner.plan({ head: true });
  await run(fleet);
  expect(await jobs(fleet)).toEqual({});
  await pass(fleet, 60_000);
  expect(await versions(fleet)).toEqual({});
});

it('a lost store takes away what still runs, and asks anew', async () => {
  const fleet = await verifying('{ path: verify }', { jobs: ['Progressing'] });
  const fresh = await loseStore(fleet);
  for (const cluster of ['dev-1', 'dev-2', 'prod-1'] as ClusterName[])
    await speakAgain(fresh, { before: fleet, cluster });
  await run(fresh);
  expect(await jobs(fresh)).toEqual({});
  expect(fresh.source.ran).toEqual(['1.0.0 on dev-1', '1.0.0 on dev-1']);
  expect(await versions(fresh)).toMatchObject({ 'dev-1': '1.0.0', 'prod-1': '1.0.0' });
});

/** The YAML of an environment that verifies whatever enters it. */
function gated(name: string): string {
  return environmentYaml(name).replace('rollout: {}', 'rollout: {}, gates: [{ verification: { path: verify } }]');
}

it('an environment that is gone while a pipeline names it takes no Job away, though its gate is gone', async () => {
  const fleet = await openFleet();
  fleet.source.jobs = ['Progressing'];
  const text = applicationYaml('[{ environment: dev }, { environment: prod }]');
  const prod = gated('prod');
  await fleet.git.server.commit({ message: 'Verify', files: { 'podinfo.yaml': text, 'prod.yaml': prod } });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'prod-1': { env: 'prod' } });
  await fleet.git.server.commit({ message: 'Oops', files: { 'prod.yaml': null } });
  await fleet.planner.plan({ head: true });
  await run(fleet);
  expect(await jobs(fleet)).toEqual({ 'dev-1': 'Job' });
  await fleet.git.server.commit({ message: 'Back', files: { 'prod.yaml': prod } });
  await fleet.planner.plan({ head: true });
  await ends(fleet, 'dev-1', 'Healthy');
  expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'prod-1': '1.0.0' });
});

it('a gate of an environment is for every pipeline that has an environment before it', async () => {
  const fleet = await openFleet();
  const text = applicationYaml('[{ environment: dev }, { environment: prod }]');
  await fleet.git.server.commit({
    message: 'Verify',
    files: { 'podinfo.yaml': text, 'dev.yaml': gated('dev'), 'prod.yaml': gated('prod') },
  });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'prod-1': { env: 'prod' } });
  expect(fleet.source.ran).toEqual(['1.0.0 on dev-1']);
  expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'prod-1': '1.0.0' });
});
