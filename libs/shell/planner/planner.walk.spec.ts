import { describe, expect, it } from 'vitest';
import type { ClusterName } from '@fairlead/core/model';
import { env, join, log, openFleet, pass, podinfo, release, run, versions, why } from './fleet.fixture.ts';

const members = {
  'dev-1': { env: 'dev' },
  'staging-1': { env: 'staging' },
  'prod-canary': { env: 'prod', tier: 'canary' },
  'prod-1': { env: 'prod' },
};
const all = (version: string) => Object.fromEntries(Object.keys(members).map((name) => [name, version]));

async function shipped() {
  const fleet = await openFleet();
  await join(fleet, members);
  await pass(fleet, 60_000);
  return fleet;
}

describe('the way of a release', () => {
  it('walks dev, staging after its soak, the canary and prod, one commit each', async () => {
    const fleet = await openFleet();
    await join(fleet, members);
    expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0' });
    expect((await why(fleet, 'staging'))?.next).toMatchObject({ reason: 'WaitsForGate' });
    await pass(fleet, 60_000);
    expect(await versions(fleet)).toEqual(all('1.0.0'));
    expect(await log(fleet)).toEqual([
      'Epoch 1',
      'Join dev-1, prod-1, prod-canary and 1 more',
      'Promote default/podinfo 1.0.0 to dev',
      'Promote default/podinfo 1.0.0 to staging',
      'Promote default/podinfo 1.0.0 to prod',
    ]);
    expect((await why(fleet, 'prod'))?.state).toBe('Over');
    expect(fleet.planner.troubles()).toEqual([]);
  });

  it('the soak needs no event: the one timer asks for the moment at which it ends', async () => {
    const fleet = await openFleet();
    await join(fleet, members);
    fleet.clock.advance(60_000);
    await fleet.planner.plan({ units: [] });
    expect(await log(fleet)).toContain('Promote default/podinfo 1.0.0 to staging');
  });

  it('names where it came from, its gates and the policy in the commit', async () => {
    const fleet = await shipped();
    const head = await fleet.git.repository.fetch();
    for await (const { message, trailers } of fleet.git.repository.history(head)) {
      if (!message.startsWith('Promote default/podinfo 1.0.0 to staging')) continue;
      const found = Object.fromEntries(trailers);
      expect(found).toMatchObject({ 'Fairlead-From': 'dev', 'Fairlead-Gates': 'soak=1m ok' });
      expect(found['Fairlead-Policy']).toMatch(/^[0-9a-f]{40}$/);
    }
  });

  it('gives each cluster a signed head whose generation rises only when something changes', async () => {
    const fleet = await shipped();
    const before = await fleet.store.clusters();
    expect(before.map(({ position }) => position)).toEqual(before.map(() => ({ epoch: 1, generation: 1 })));
    await run(fleet);
    expect(await fleet.store.clusters()).toEqual(before);
  });

  it('a release that never gets healthy halts in the canary, goes back by a commit and stays out; the rest is never touched', async () => {
    const fleet = await shipped();
    fleet.source.broken.add('2.0.0 in prod');
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    await pass(fleet, 60_000);
    expect(await versions(fleet)).toMatchObject({ 'prod-canary': '2.0.0', 'prod-1': '1.0.0' });
    await pass(fleet, 300_000);
    await pass(fleet, 300_000);
    expect(await versions(fleet)).toMatchObject({ 'prod-canary': '1.0.0', 'prod-1': '1.0.0' });
    expect((await log(fleet)).at(-1)).toBe('Rollback default/podinfo in prod from 2.0.0 to 1.0.0');
    const decided = await why(fleet, 'prod');
    expect(decided).toMatchObject({ state: 'Over', next: { reason: 'Rejected' } });
  });

  it('a lost race is decided again from the new head', async () => {
    const fleet = await openFleet();
    const push = fleet.git.repository.push.bind(fleet.git.repository);
    let races = 3;
    fleet.git.repository.push = async (base, drafts) => {
      if (races > 0) {
        races -= 1;
        await fleet.git.server.commit({ message: `Somebody ${races}`, files: { [`note-${races}.yaml`]: '' } });
      }
      return push(base, drafts);
    };
    await join(fleet, members);
    expect(await log(fleet)).toEqual(
      expect.arrayContaining(['Somebody 0', 'Epoch 1', 'Promote default/podinfo 1.0.0 to dev']),
    );
  });
});

describe('releases that follow each other', () => {
  const ada = { name: 'ada', email: 'ada@example.com' };

  it('what ended its soak enters even when dev has moved on', async () => {
    const fleet = await shipped();
    await fleet.actions.hold({ application: podinfo, environment: env('staging'), reason: 'later' }, ada);
    await release(fleet, '2.0.0');
    await pass(fleet, 60_000);
    await release(fleet, '3.0.0');
    await fleet.actions.resume({ application: podinfo, environment: env('staging') }, ada);
    await run(fleet);
    expect(await versions(fleet)).toMatchObject({ 'dev-1': '3.0.0', 'staging-1': '2.0.0' });
  });

  it('a soak that is cut off again and again is shown', async () => {
    const fleet = await shipped();
    for (const version of ['2.0.0', '3.0.0', '4.0.0', '5.0.0', '6.0.0']) {
      await release(fleet, version);
      await pass(fleet, 10_000);
    }
    expect((await why(fleet, 'staging'))?.next).toMatchObject({ reason: 'SoakStarved' });
    await pass(fleet, 60_000);
    expect((await versions(fleet))['staging-1']).toBe('6.0.0');
  });

  it('a revert of the source ships through the pipeline', async () => {
    const fleet = await shipped();
    await release(fleet, '2.0.0');
    await pass(fleet, 60_000);
    Object.assign(fleet.source, { version: '1.0.0', revision: 'revert' });
    await run(fleet);
    expect(await versions(fleet)).toMatchObject({ 'dev-1': '1.0.0', 'staging-1': '2.0.0' });
    await pass(fleet, 60_000);
    expect(await versions(fleet)).toEqual(all('1.0.0'));
  });

  it('a halted release does not block its fix', async () => {
    const fleet = await shipped();
    fleet.source.broken.add('2.0.0 in dev');
    await release(fleet, '2.0.0');
    for (let minutes = 0; minutes < 12; minutes += 4) await pass(fleet, 240_000);
    expect((await why(fleet, 'dev'))?.state).toBe('Halted');
    await release(fleet, '3.0.0');
    await pass(fleet, 60_000);
    expect(await versions(fleet)).toEqual(all('3.0.0'));
  });

  it('a resume lets a halted rollout go on past the clusters that failed', async () => {
    const fleet = await shipped();
    await join(fleet, { 'dev-2': { env: 'dev' } });
    fleet.source.broken.add('2.0.0 in dev');
    await release(fleet, '2.0.0');
    for (let minutes = 0; minutes < 12; minutes += 4) await pass(fleet, 240_000);
    expect(await versions(fleet)).toMatchObject({ 'dev-1': '2.0.0', 'dev-2': '1.0.0' });
    fleet.source.broken.clear();
    await fleet.actions.resume({ application: podinfo, environment: env('dev'), reason: 'known' }, ada);
    await run(fleet);
    expect((await versions(fleet))['dev-2']).toBe('2.0.0');
  });
});

describe('bad input changes nothing that runs', () => {
  it('a source that vanishes leaves the last release and says why', async () => {
    const fleet = await shipped();
    fleet.source.down = true;
    await run(fleet);
    expect(await versions(fleet)).toEqual(all('1.0.0'));
    expect((await why(fleet, 'dev'))?.next?.message).toContain('the source is down');
  });

  it('a release that does not render is not promoted', async () => {
    const fleet = await shipped();
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2', renders: false });
    await run(fleet);
    expect(await log(fleet)).not.toContain('Promote default/podinfo 2.0.0 to dev');
    expect((await why(fleet, 'dev'))?.next).toMatchObject({ reason: 'RenderFailed' });
  });

  it('a broken document withdraws nothing (I7)', async () => {
    const fleet = await shipped();
    await fleet.git.server.commit({ message: 'Break', files: { 'podinfo.yaml': 'kind: Application\nspec: [' } });
    await fleet.planner.plan({ head: true });
    await run(fleet);
    expect(await versions(fleet)).toEqual(all('1.0.0'));
  });

  it('a selector that suddenly matches nothing is held and named', async () => {
    const fleet = await shipped();
    const bad =
      'apiVersion: fairlead.dev/v1alpha1\nkind: Environment\nmetadata: { name: prod }\nspec: { clusters: { matchLabels: { env: prdo } } }\n';
    await fleet.git.server.commit({ message: 'Typo', files: { 'prod.yaml': bad } });
    await fleet.planner.plan({ head: true });
    await run(fleet);
    expect(await versions(fleet)).toEqual(all('1.0.0'));
    expect((await why(fleet, 'prod'))?.why.reason).toBe('SelectorMatchesNothing');
  });
});

describe('what people do', () => {
  const ada = { name: 'ada', email: 'ada@example.com' };

  it('a hold lets nothing in until it is resumed', async () => {
    const fleet = await shipped();
    await fleet.actions.hold({ application: podinfo, environment: env('dev'), reason: 'incident 4711' }, ada);
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    expect((await why(fleet, 'dev'))?.next).toMatchObject({ reason: 'OnHold' });
    await fleet.actions.resume({ application: podinfo, environment: env('dev') }, ada);
    await run(fleet);
    expect((await versions(fleet))['dev-1']).toBe('2.0.0');
  });

  it('a frozen cluster keeps what it runs', async () => {
    const fleet = await shipped();
    await fleet.actions.freeze({ cluster: 'dev-1' as ClusterName, reason: 'hardware swap' }, ada);
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    expect((await versions(fleet))['dev-1']).toBe('1.0.0');
  });

  it('removing a cluster ends its membership and leaves its workloads', async () => {
    const fleet = await shipped();
    await fleet.actions.clusterRemove({ cluster: 'prod-1' as ClusterName }, ada);
    await run(fleet);
    expect(await fleet.store.cluster('prod-1' as ClusterName)).toBeUndefined();
    expect(await fleet.store.fact('member:prod-1')).toBeUndefined();
    expect(Object.values(await versions(fleet))).not.toContain('-');
  });

  it('a rollback by a person goes to the fallback without gates or waves', async () => {
    const fleet = await shipped();
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    await pass(fleet, 60_000);
    expect(await versions(fleet)).toEqual(all('2.0.0'));
    await fleet.actions.rollback({ application: podinfo, environment: env('prod'), reason: 'slow' }, ada);
    await run(fleet);
    expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0', 'prod-canary': '1.0.0', 'dev-1': '2.0.0' });
  });

  it('git revert of a promotion stays reverted', async () => {
    const fleet = await shipped();
    const before = await fleet.git.repository.file(
      await fleet.git.repository.fetch(),
      'ledger/dev/default/podinfo.yaml',
    );
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    await fleet.git.server.commit({
      message: 'Revert',
      files: { 'ledger/dev/default/podinfo.yaml': before?.text ?? '' },
    });
    await fleet.planner.plan({ head: true });
    await run(fleet);
    expect((await versions(fleet))['dev-1']).toBe('1.0.0');
    expect((await why(fleet, 'dev'))?.next).toMatchObject({ reason: 'RolledBack' });
  });
});
