import { describe, expect, it } from 'vitest';
import type { ClusterName } from '@fairlead/core/model';
import {
  applicationYaml,
  env,
  environmentYaml,
  generousFleetYaml,
  join,
  log,
  loseStore,
  openFleet,
  pass,
  podinfo,
  push,
  run,
  speakAgain,
  versions,
  why,
  type Fleet,
} from './fleet.fixture.ts';

const ada = { name: 'ada', email: 'ada@example.com' };
const members = {
  'dev-1': { env: 'dev' },
  'staging-1': { env: 'staging' },
  'prod-canary': { env: 'prod', tier: 'canary' },
  'prod-1': { env: 'prod' },
};
const everywhere = Object.fromEntries(Object.keys(members).map((name) => [name, '1.0.0']));

async function shipped(): Promise<Fleet> {
  const fleet = await openFleet();
  await join(fleet, members);
  await pass(fleet, 60_000);
  return fleet;
}

describe('an application that is deleted', () => {
  it('stops at the removal budget, and says which commit and how to go on', async () => {
    const fleet = await shipped();
    const commit = await push(fleet, { 'podinfo.yaml': null });
    expect(await versions(fleet)).toEqual(everywhere);
    const decided = await why(fleet, 'prod');
    expect(decided?.clusters[0]).toMatchObject({ reason: 'RemovalBudgetExceeded' });
    expect(decided?.clusters[0]?.message).toContain(commit);
  });

  it('leaves environment by environment once the removal is acknowledged, in the order of the pipeline', async () => {
    const fleet = await shipped();
    const subject = await push(fleet, { 'podinfo.yaml': null });
    await fleet.actions.acknowledge({ kind: 'Removal', subject }, ada);
    await run(fleet);
    expect(await versions(fleet)).toEqual({});
    expect((await log(fleet)).slice(-3)).toEqual([
      'Withdraw default/podinfo from dev',
      'Withdraw default/podinfo from staging',
      'Withdraw default/podinfo from prod',
    ]);
    expect(await fleet.store.statuses({ application: podinfo })).toEqual([]);
  });

  it('names in every tombstone the commit that took it away, and what was acknowledged', async () => {
    const fleet = await shipped();
    const subject = await push(fleet, { 'podinfo.yaml': null });
    const object = '/Namespace//podinfo';
    await fleet.actions.acknowledge({ kind: 'Protected', subject: `dev/default/podinfo ${object}` }, ada);
    const { commit: allowed } = await fleet.actions.acknowledge(
      { kind: 'Protected', subject: `dev/default/podinfo ${object}` },
      ada,
    );
    await fleet.actions.acknowledge({ kind: 'Removal', subject }, ada);
    const [row] = await fleet.store.assignments({ cluster: 'dev-1' as ClusterName });
    expect(row?.tombstone).toEqual({ application: podinfo, commit: subject, acknowledged: { [object]: allowed } });
  });

  it('spreads tombstones by the waves of the environment', async () => {
    const fleet = await shipped();
    const subject = await push(fleet, { 'podinfo.yaml': null });
    await fleet.actions.acknowledge({ kind: 'Removal', subject }, ada);
    await fleet.planner.plan();
    for (let rounds = 0; rounds < 9 && !Object.values(await versions(fleet)).includes('-'); rounds += 1)
      await fleet.planner.plan();
    expect(await versions(fleet)).toMatchObject({ 'dev-1': '-', 'prod-1': '1.0.0', 'prod-canary': '1.0.0' });
  });
});

it('a withdrawal of which the store was lost waits ten minutes for who has not spoken, and then for nobody', async () => {
  const before = await shipped();
  await push(before, { 'fairlead.yaml': generousFleetYaml });
  const pipeline = '[{ environment: dev }, { environment: staging }]';
  for (const cluster of ['prod-1', 'prod-canary']) before.silent.add(cluster);
  await push(before, { 'podinfo.yaml': applicationYaml(pipeline) });
  const fleet = await loseStore(before);
  for (const cluster of ['dev-1', 'staging-1', 'prod-canary'] as ClusterName[])
    await speakAgain(fleet, { before, cluster });
  await pass(fleet, 60_000);
  expect((await why(fleet, 'prod'))?.why).toMatchObject({ reason: 'NotSeenYet' });
  expect(await versions(fleet)).toMatchObject({ 'prod-canary': '1.0.0' });
  await pass(fleet, 600_000);
  expect(await versions(fleet)).not.toHaveProperty('prod-canary');
});

describe('broken, partial and empty input', () => {
  it('a removal that the budget holds is not let through by a later commit that empties the definition', async () => {
    const fleet = await shipped();
    const removed = ['dev', 'staging', 'prod'].map((name) => [`ledger/${name}/default/podinfo.yaml`, null] as const);
    const commit = await push(fleet, Object.fromEntries(removed));
    await push(fleet, { 'podinfo.yaml': '' });
    expect(await versions(fleet)).toEqual(everywhere);
    expect((await why(fleet, 'prod'))?.clusters[0]?.message).toContain(commit);
  });

  it('a removal counts what clusters run, also where a commit before it took their environments away', async () => {
    const fleet = await shipped();
    await push(fleet, { 'staging.yaml': null, 'prod.yaml': null });
    const commit = await push(fleet, { 'podinfo.yaml': null });
    expect(await versions(fleet)).toEqual(everywhere);
    const decided = await why(fleet, 'dev');
    expect(decided?.clusters[0]).toMatchObject({ reason: 'RemovalBudgetExceeded' });
    expect(decided?.clusters[0]?.message).toContain(commit);
  });

  it('an environment whose document is gone while a pipeline leads there is held', async () => {
    const fleet = await shipped();
    await push(fleet, { 'staging.yaml': null });
    expect(await versions(fleet)).toEqual(everywhere);
    expect((await why(fleet, 'staging'))?.clusters[0]).toMatchObject({ reason: 'UnknownReference' });
  });

  it('an acknowledged selector may match nothing, and an old acknowledgement does not count again', async () => {
    const fleet = await shipped();
    const text = (await fleet.git.repository.file(await fleet.git.repository.fetch(), 'staging.yaml'))?.text ?? '';
    await fleet.actions.acknowledge({ kind: 'Selector', subject: 'staging' }, ada);
    await push(fleet, { 'staging.yaml': text.replace('env: staging', 'env: nowhere') });
    expect(await versions(fleet)).toEqual(everywhere);
    await fleet.actions.acknowledge({ kind: 'Selector', subject: 'staging' }, ada);
    await run(fleet);
    expect(await versions(fleet)).not.toHaveProperty('staging-1');
  });
});

describe('a selector that suddenly matches everybody', () => {
  const wide = (text: string) => text.replace('matchLabels: { env: staging }', 'matchLabels: {}');
  const only = '[{ environment: staging }]';

  /** Staging alone has the application, and all others nothing. */
  async function alone() {
    const fleet = await openFleet();
    await push(fleet, { 'podinfo.yaml': applicationYaml(only) });
    await join(fleet, members);
    const text = (await fleet.git.repository.file(await fleet.git.repository.fetch(), 'staging.yaml'))?.text ?? '';
    expect(wide(text)).not.toBe(text);
    return { fleet, text };
  }

  it('gives nothing to whom it did not match before, promotes nothing, and is let in by an acknowledgement', async () => {
    const { fleet, text } = await alone();
    await push(fleet, { 'staging.yaml': wide(text) });
    expect(await versions(fleet)).toEqual({ 'staging-1': '1.0.0' });
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    expect(await versions(fleet)).toEqual({ 'staging-1': '1.0.0' });
    expect((await why(fleet, 'staging'))?.next).toMatchObject({
      reason: 'SelectorMatchesEverything',
      message:
        'The selector of staging was changed and matches all 4 members; who had nothing of it gets nothing yet. If this is meant: fairlead acknowledge Selector staging.',
    });
    await fleet.actions.acknowledge({ kind: 'Selector', subject: 'staging' }, ada);
    for (let minutes = 0; minutes < 10; minutes += 1) await pass(fleet, 60_000);
    expect(Object.values(await versions(fleet))).toEqual(['2.0.0', '2.0.0', '2.0.0', '2.0.0']);
  });

  it('that is corrected goes on as before', async () => {
    const { fleet, text } = await alone();
    await push(fleet, { 'staging.yaml': wide(text) });
    await push(fleet, { 'staging.yaml': text });
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    expect(await versions(fleet)).toEqual({ 'staging-1': '2.0.0' });
  });
});

describe('a pipeline entry that is deleted', () => {
  it('withdraws that environment only, within the budget', async () => {
    const fleet = await shipped();
    const without = applicationYaml('[{ environment: dev }, { environment: prod }]');
    await push(fleet, { 'podinfo.yaml': without });
    expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'prod-1': '1.0.0', 'prod-canary': '1.0.0' });
    expect(await log(fleet)).toContain('Withdraw default/podinfo from staging');
  });
});

describe('a ledger file that a person deletes', () => {
  it('takes the application away and does not come back by itself', async () => {
    const fleet = await shipped();
    const commit = await push(fleet, { 'ledger/dev/default/podinfo.yaml': null });
    expect(await versions(fleet)).not.toHaveProperty('dev-1');
    expect(await log(fleet)).not.toContain('Withdraw default/podinfo from dev');
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe('a cluster that leaves an environment', () => {
  it('loses the application, by the commit that changed its labels', async () => {
    const fleet = await shipped();
    const head = await fleet.git.repository.fetch();
    const file = 'ledger/clusters/prod-1.yaml';
    const text = (await fleet.git.repository.file(head, file))?.text ?? '';
    await push(fleet, { [file]: text.replace('env: prod', 'env: none') });
    expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'staging-1': '1.0.0', 'prod-canary': '1.0.0' });
  });

  it('keeps it where two environments of the pipeline select it', async () => {
    const fleet = await shipped();
    const both = environmentYaml('staging').replace(
      'matchLabels: { env: staging }',
      'matchExpressions: [{ key: env, operator: In, values: [staging, dev] }]',
    );
    await push(fleet, { 'staging.yaml': both });
    expect(await versions(fleet)).toEqual(everywhere);
    expect((await why(fleet, 'dev'))?.clusters).toMatchObject([{ cluster: 'dev-1', reason: 'EnvironmentConflict' }]);
  });

  it('takes what its new environment runs when it is relabelled into another one', async () => {
    const fleet = await shipped();
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await fleet.actions.hold({ application: podinfo, environment: env('staging'), reason: 'later' }, ada);
    await run(fleet);
    const head = await fleet.git.repository.fetch();
    const file = 'ledger/clusters/prod-1.yaml';
    const text = (await fleet.git.repository.file(head, file))?.text ?? '';
    await push(fleet, { [file]: text.replace('env: prod', 'env: dev') });
    expect(await versions(fleet)).toMatchObject({ 'dev-1': '2.0.0', 'prod-1': '2.0.0', 'prod-canary': '1.0.0' });
  });
});
