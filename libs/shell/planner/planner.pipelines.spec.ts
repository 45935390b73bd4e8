import { describe, expect, it } from 'vitest';
import type { ClusterName } from '@fairlead/core/model';
import {
  applicationYaml,
  environmentYaml,
  join,
  log,
  minutes,
  openFleet,
  podinfo,
  push,
  release,
  versions,
  why,
  type Fleet,
} from './fleet.fixture.ts';

async function open(pipeline: string, more: Readonly<Record<string, string>> = {}): Promise<Fleet> {
  const fleet = await openFleet();
  const files = { 'podinfo.yaml': applicationYaml(pipeline), ...more };
  await fleet.git.server.commit({ message: 'Begin', files });
  await fleet.planner.plan({ head: true });
  return fleet;
}

describe('environments beside each other', () => {
  const both = { 'eu.yaml': environmentYaml('eu'), 'us.yaml': environmentYaml('us') };
  const members = {
    'dev-1': { env: 'dev' },
    'eu-1': { env: 'eu' },
    'us-1': { env: 'us' },
    'prod-1': { env: 'prod' },
  };
  const side = '{ environment: dev }, { environment: eu, after: [dev] }, { environment: us, after: [dev] }';

  it('are entered at once, and `all` waits for the slowest of them', async () => {
    const fleet = await open(`[${side}, { environment: prod, after: { all: [eu, us] } }]`, both);
    await join(fleet, members);
    await minutes(fleet, 2);
    fleet.source.broken.add('2.0.0 in us');
    await release(fleet, '2.0.0');
    expect(await versions(fleet)).toEqual({ 'dev-1': '2.0.0', 'eu-1': '2.0.0', 'us-1': '2.0.0', 'prod-1': '1.0.0' });
    expect((await why(fleet, 'prod'))?.next?.reason).not.toBe('NewestAlready');
    await release(fleet, '3.0.0');
    await minutes(fleet, 12);
    expect(new Set(Object.values(await versions(fleet)))).toEqual(new Set(['3.0.0']));
  });

  it('`any` is let in by the first of them', async () => {
    const fleet = await open(`[${side}, { environment: prod, after: { any: [eu, us] } }]`, both);
    await join(fleet, members);
    await minutes(fleet, 2);
    fleet.source.broken.add('2.0.0 in us');
    await release(fleet, '2.0.0');
    expect(await versions(fleet)).toMatchObject({ 'us-1': '2.0.0', 'prod-1': '2.0.0' });
  });
});

describe('a change of the definition', () => {
  const pipeline =
    '[{ environment: dev }, { environment: staging, gates: [{ soak: 1h }] }, { environment: prod, gates: [{ soak: 1h }] }]';

  it('for prod alone disturbs nobody before it and waits for no soak there', async () => {
    const fleet = await open(pipeline);
    await join(fleet, { 'dev-1': { env: 'dev' }, 'staging-1': { env: 'staging' }, 'prod-1': { env: 'prod' } });
    await minutes(fleet, 125);
    expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'staging-1': '1.0.0', 'prod-1': '1.0.0' });
    const bundles = async () =>
      Object.fromEntries((await fleet.store.assignments({})).map(({ cluster, entry }) => [cluster, entry?.bundle]));
    const before = await bundles();
    const overrides = '  overrides: [{ environment: prod, values: { replicas: 3 } }]\n';
    await push(fleet, { 'podinfo.yaml': applicationYaml(pipeline, overrides) });
    const after = await bundles();
    expect(after).toMatchObject({ 'dev-1': before['dev-1'], 'staging-1': before['staging-1'] });
    expect(after['prod-1']).not.toBe(before['prod-1']);
    expect((await log(fleet)).slice(-3).map((subject) => subject.replace(/ \(\w+\)/, ''))).toEqual([
      'Promote default/podinfo 1.0.0 to dev',
      'Promote default/podinfo 1.0.0 to staging',
      'Promote default/podinfo 1.0.0 to prod',
    ]);
  });
});

describe('in the middle of a rollout', () => {
  const prod = (rollout: string) => environmentYaml('prod', rollout);
  const waves =
    'waves: [{ name: canary, clusters: { matchLabels: { tier: canary } }, soak: 10m }, { name: rest, maxConcurrent: 1 }]';
  const members = {
    'prod-canary': { env: 'prod', tier: 'canary' },
    'prod-1': { env: 'prod' },
    'prod-2': { env: 'prod' },
    'prod-3': { env: 'prod' },
  };
  const label = (name: string, labels: string) =>
    `apiVersion: fairlead.dev/v1alpha1\nkind: Cluster\nmetadata: { name: ${name}, labels: ${labels} }\n`;

  async function inCanary(): Promise<Fleet> {
    const fleet = await open('[{ environment: prod }]', { 'prod.yaml': prod(`{ ${waves}, maxUnavailable: 1 }`) });
    await join(fleet, members);
    await minutes(fleet, 15);
    await release(fleet, '2.0.0');
    expect(await versions(fleet)).toEqual({
      'prod-canary': '2.0.0',
      'prod-1': '1.0.0',
      'prod-2': '1.0.0',
      'prod-3': '1.0.0',
    });
    return fleet;
  }

  it('a cluster that is relabelled into the open wave gets the release, and the rollout goes on', async () => {
    const fleet = await inCanary();
    await push(fleet, { 'labels.yaml': label('prod-2', '{ tier: canary }') });
    expect(await versions(fleet)).toMatchObject({ 'prod-canary': '2.0.0', 'prod-2': '2.0.0', 'prod-1': '1.0.0' });
    await minutes(fleet, 25);
    expect(new Set(Object.values(await versions(fleet)))).toEqual(new Set(['2.0.0']));
    expect((await why(fleet, 'prod'))?.state).toBe('Over');
  });

  it('a cluster that is relabelled out of the environment leaves it within the removal budget, and the others go on', async () => {
    const fleet = await inCanary();
    await push(fleet, { 'labels.yaml': label('prod-3', '{ env: none }') });
    await minutes(fleet, 25);
    expect(await versions(fleet)).toEqual({
      'prod-canary': '2.0.0',
      'prod-1': '2.0.0',
      'prod-2': '2.0.0',
    });
  });

  it('a selector that gives up half of the clusters withdraws from none without an acknowledgement', async () => {
    const fleet = await inCanary();
    const commit = prod(`{ ${waves}, maxUnavailable: 1 }`).replace('env: prod }', 'env: prod, tier: canary }');
    await push(fleet, { 'prod.yaml': commit });
    await minutes(fleet, 25);
    expect(Object.values(await versions(fleet))).not.toContain('-');
    const held = (await why(fleet, 'prod'))?.clusters.filter(({ reason }) => reason === 'RemovalBudgetExceeded');
    expect(held?.map(({ cluster }) => cluster).sort()).toEqual(['prod-1', 'prod-2', 'prod-3'] as ClusterName[]);
  });

  it('a changed policy takes effect at once, and is explained', async () => {
    const fleet = await inCanary();
    await push(fleet, { 'prod.yaml': prod('{ waves: [{ name: all }], maxUnavailable: 100% }') });
    expect(new Set(Object.values(await versions(fleet)))).toEqual(new Set(['2.0.0']));
    const lines = (await fleet.store.events({ limit: 999 })).filter(({ type }) => type === 'Policy');
    expect(lines).toMatchObject([{ reason: 'PolicyChanged', environment: 'prod' }]);
    expect(lines[0]?.message).toMatch(
      /^The policy of prod is another one from now on \(by \S+ of [^)]+\): rollout\.waves .* → .*, rollout\.maxUnavailable 1 → 100%\.$/,
    );
  });
});

it('a halt and a rollback say in their commits why', async () => {
  const fleet = await open('[{ environment: prod }]', {
    'prod.yaml': environmentYaml('prod', '{ onFailure: Rollback }'),
  });
  await join(fleet, { 'prod-1': { env: 'prod' } });
  fleet.source.broken.add('2.0.0 in prod');
  await release(fleet, '2.0.0');
  await minutes(fleet, 12);
  const messages: string[] = [];
  for await (const { message } of fleet.git.repository.history(await fleet.git.repository.fetch()))
    messages.push(message);
  const rollback = messages.find((message) => message.startsWith('Rollback'));
  expect(rollback).toMatch(
    new RegExp(`^Rollback ${podinfo} in prod from 2.0.0 to 1.0.0\n\nFairlead-Reason: .*prod-1.*\n$`),
  );
});
