import { memoryForge, type MemoryForgeServer } from '@fairlead/ports/forge';
import { describe, expect, it } from 'vitest';
import { env, files, join, log, openFleet, pass, podinfo, run, versions, why, type Fleet } from './fleet.fixture.ts';

const members = { 'dev-1': { env: 'dev' }, 'staging-1': { env: 'staging' }, 'prod-1': { env: 'prod' } };
const branch = 'fairlead/prod/default/podinfo';
const asks = `apiVersion: fairlead.dev/v1alpha1
kind: Environment
metadata: { name: prod }
spec: { clusters: { matchLabels: { env: prod } }, ledger: { mode: PullRequest } }
`;

/** A fleet whose prod asks people, with its first release in dev and staging. */
async function asking(prod = asks) {
  const { forge, server } = memoryForge();
  const fleet = await openFleet({ forge });
  await fleet.git.server.commit({ message: 'Ask for prod', files: { 'prod.yaml': prod } });
  await join(fleet, members);
  await pass(fleet, 60_000);
  return { fleet, server };
}

/** What pressing the button does: the branch's tree becomes the head's. */
async function merge(
  fleet: Fleet,
  server: MemoryForgeServer,
  of = { branch, path: 'ledger/prod/default/podinfo.yaml' },
): Promise<void> {
  const commit = await fleet.git.server.branch(of.branch);
  if (commit === undefined) throw new Error('there is no branch to merge');
  const { path } = of;
  const text = (await fleet.git.repository.file(commit, path))?.text ?? null;
  await fleet.git.server.commit({ message: 'Merge pull request #1', files: { [path]: text }, merge: commit });
  const open = (await server.pulls()).find(({ state }) => state === 'Open');
  await server.merge(open?.number ?? 0);
  await fleet.planner.plan({ head: true, units: [] });
  await run(fleet);
}

async function ship(fleet: Fleet, version: string): Promise<void> {
  Object.assign(fleet.source, { version, revision: version });
  await run(fleet);
  await pass(fleet, 60_000);
}

describe('a branch that takes no push of the hub', () => {
  /** A release that is bad in dev, and a branch that is protected since; so many minutes later. */
  async function refused(forMinutes: number) {
    const { forge, server } = memoryForge();
    const fleet = await openFleet({ forge });
    await join(fleet, { 'dev-1': { env: 'dev' } });
    fleet.source.broken.add('2.0.0 in dev');
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    await fleet.git.server.protect(true);
    for (let minutes = 0; minutes < forMinutes; minutes += 4) await pass(fleet, 240_000);
    return { fleet, server };
  }

  it('has its halt asked for by one pull request, and by none once that is merged', async () => {
    const { fleet, server } = await refused(20);
    expect((await why(fleet, 'dev'))?.state).toBe('Halted');
    expect(fleet.planner.troubles()[0]?.reason).toBe('LedgerUnwritable');
    const stop = 'fairlead/stop/dev/default/podinfo';
    const pulls = await server.pulls();
    expect(pulls).toMatchObject([{ branch: stop, title: 'Halt default/podinfo 2.0.0 in dev', state: 'Open' }]);
    expect(pulls[0]?.body).toContain('The rollout is halted already');
    await merge(fleet, server, { branch: stop, path: 'ledger/dev/default/podinfo.yaml' });
    await pass(fleet, 60_000);
    expect(fleet.planner.current()?.ledger.releases.get('dev/default/podinfo')?.spec.halted).toBeDefined();
    expect((await why(fleet, 'dev'))?.state).toBe('Halted');
    expect(fleet.planner.troubles()).toEqual([]);
    expect((await server.pulls()).map(({ state }) => state)).toEqual(['Merged']);
    expect(await fleet.store.facts('stop:')).toEqual(new Map());
  });

  it('whose halt is not needed any more has its pull request closed', async () => {
    const { fleet, server } = await refused(12);
    await fleet.git.server.protect(false);
    await pass(fleet, 60_000);
    expect((await log(fleet)).at(-1)).toBe('Halt default/podinfo 2.0.0 in dev');
    await pass(fleet, 60_000);
    expect((await server.pulls()).map(({ state }) => state)).toEqual(['Closed']);
  });
});

describe('an environment that asks by pull requests', () => {
  it('gets nothing before people merged it, and the release with the merge', async () => {
    const { fleet, server } = await asking();
    expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'staging-1': '1.0.0' });
    const [pull, ...more] = await server.pulls();
    expect(more).toEqual([]);
    expect(pull).toMatchObject({ branch, title: 'Promote default/podinfo 1.0.0 to prod', state: 'Open' });
    expect(pull?.body).toContain('**1.0.0**');
    expect((await why(fleet, 'prod'))?.next).toMatchObject({
      reason: 'WaitsForMerge',
      message: '1.0.0 waits for memory://pulls/1 to be merged.',
    });
    await merge(fleet, server);
    expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
    expect(await log(fleet)).toContain('Merge pull request #1');
    expect((await why(fleet, 'prod'))?.next).toMatchObject({ reason: 'NewestAlready' });
  });

  it('takes a merge for the approval that a gate asks for, and says so', async () => {
    const gates = '[{ approval: { count: 2 } }, { pause: { reason: audit } }]';
    const { fleet, server } = await asking(asks.replace('ledger:', `gates: ${gates}, ledger:`));
    expect(await server.pulls()).toEqual([]);
    expect((await why(fleet, 'prod'))?.next).toMatchObject({ reason: 'Paused' });
    const place = { application: podinfo, environment: env('prod') };
    await fleet.actions.resume(place, { name: 'ada', email: 'ada@example.com' });
    await run(fleet);
    const [pull] = await server.pulls();
    expect(pull?.body).toMatch(/- approval: .*2 .*\*\*Whoever merges this approves it\.\*\*/);
    await merge(fleet, server);
    expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
  });

  it('has one pull request, which asks for the newest release', async () => {
    const { fleet, server } = await asking();
    await ship(fleet, '2.0.0');
    const pulls = await server.pulls();
    expect(pulls.map(({ title, state }) => `${title} ${state}`)).toEqual([
      'Promote default/podinfo 2.0.0 to prod Open',
    ]);
    await merge(fleet, server);
    expect(await versions(fleet)).toMatchObject({ 'prod-1': '2.0.0' });
  });

  it('does not ask again for what a person declined, and asks for the next', async () => {
    const { fleet, server } = await asking();
    await server.close(1);
    await pass(fleet, 600_000);
    expect((await why(fleet, 'prod'))?.next).toMatchObject({ reason: 'ProposalDeclined' });
    await pass(fleet, 600_000);
    expect(await server.pulls()).toHaveLength(1);
    await ship(fleet, '2.0.0');
    expect((await server.pulls()).map(({ state }) => state)).toEqual(['Closed', 'Open']);
  });

  it('forgets what a person promoted by hand', async () => {
    const { fleet, server } = await asking();
    const author = { name: 'Ada', email: 'ada@example.com' };
    const place = { application: 'default/podinfo' as never, environment: 'prod' as never };
    await fleet.actions.promote({ ...place, reason: 'the forge is slow' }, author);
    await run(fleet);
    expect(await versions(fleet)).toMatchObject({ 'prod-1': '1.0.0' });
    expect((await fleet.store.facts('proposal:')).size).toBe(0);
    expect(await server.pulls()).toHaveLength(1);
  });

  it('closes what nobody needs any more', async () => {
    const { fleet, server } = await asking();
    const pipeline = files['podinfo.yaml']?.replace(', { environment: prod }', '') ?? '';
    await fleet.git.server.commit({ message: 'No prod', files: { 'podinfo.yaml': pipeline } });
    await fleet.planner.plan({ head: true, units: [] });
    await run(fleet);
    expect(await server.pulls()).toMatchObject([{ state: 'Closed' }]);
    expect((await fleet.store.facts('proposal:')).size).toBe(0);
  });

  it('goes on while the forge is away, says so, and asks when it is back', async () => {
    const { forge, server } = memoryForge();
    const fleet = await openFleet({ forge });
    server.down(true);
    await fleet.git.server.commit({ message: 'Ask for prod', files: { 'prod.yaml': asks } });
    await join(fleet, members);
    await pass(fleet, 60_000);
    expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'staging-1': '1.0.0' });
    expect(fleet.planner.troubles()).toMatchObject([{ reason: 'SourceUnavailable' }]);
    server.down(false);
    await pass(fleet, 30_000);
    expect(await server.pulls()).toHaveLength(1);
    expect(fleet.planner.troubles()).toEqual([]);
  });

  it('without a forge holds, and says how to go on', async () => {
    const fleet = await openFleet();
    await fleet.git.server.commit({ message: 'Ask for prod', files: { 'prod.yaml': asks } });
    await join(fleet, members);
    await pass(fleet, 60_000);
    expect(await versions(fleet)).not.toHaveProperty('prod-1');
    const next = (await why(fleet, 'prod'))?.next;
    expect(next?.reason).toBe('LedgerUnwritable');
    expect(next?.message).toContain('--forge');
  });
});
