import { describe, expect, it } from 'vitest';
import { applicationYaml, env, join, log, openFleet, pass, podinfo, run, versions, why } from './fleet.fixture.ts';

const eve = { name: 'eve', email: 'eve@example.com' };
const bob = { name: 'bob', email: 'bob@fairlead.invalid' };
const cid = { name: 'cid', email: 'cid@fairlead.invalid' };
const toProd = { application: podinfo, environment: env('prod') };

const leads =
  'apiVersion: fairlead.dev/v1alpha1\nkind: Team\nmetadata: { name: leads }\nspec: { serviceAccount: leads, approvers: [eve, bob, cid] }\n';

async function atTheDoor(gate = '{ approval: { count: 2, from: [leads] } }') {
  const fleet = await openFleet();
  const pipeline = `[{ environment: dev }, { environment: prod, gates: [${gate}] }]`;
  await fleet.git.server.commit({
    message: 'Ask',
    files: { 'podinfo.yaml': applicationYaml(pipeline), 'leads.yaml': leads },
  });
  await fleet.planner.plan({ head: true });
  await join(fleet, { 'dev-1': { env: 'dev' }, 'prod-1': { env: 'prod' } });
  return fleet;
}

const gateOf = async (fleet: Awaited<ReturnType<typeof atTheDoor>>) => (await why(fleet, 'prod'))?.gates[0];

describe('approvals', () => {
  it('of as many people as are asked for let a release in, each an empty commit under their name', async () => {
    const fleet = await atTheDoor();
    expect(await gateOf(fleet)).toMatchObject({ verdict: 'Wait', reason: 'WaitsForApproval' });
    expect((await why(fleet, 'prod'))?.candidate).toMatch(/^sha256:[0-9a-f]{64} [0-9a-f]{40} main=r1$/);
    await fleet.actions.approve(toProd, eve);
    expect(await gateOf(fleet)).toMatchObject({
      message: '1 of 2 approvals, by eve. It is for leads (eve, bob, cid) to give them.',
    });
    await fleet.actions.approve({ ...toProd, release: '1.0.0' }, bob);
    await run(fleet);
    expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'prod-1': '1.0.0' });
    expect((await log(fleet)).slice(-3)).toEqual([
      'Approve default/podinfo 1.0.0 for prod',
      'Approve default/podinfo 1.0.0 for prod',
      'Promote default/podinfo 1.0.0 to prod',
    ]);
    for await (const { trailers } of fleet.git.repository.history(await fleet.git.repository.fetch(), { limit: 1 })) {
      expect(trailers).toContainEqual(['Fairlead-Gates', 'approval=eve+bob, health=0s ok']);
    }
    const file = fleet.planner.current()?.ledger.releases.get(`prod/${podinfo}`);
    expect(file?.spec.authors).toContainEqual({ name: 'cid', email: 'cid@example.com' });
  });

  it('move a verdict without a line of the journal, and whoever shows it is told', async () => {
    const fleet = await atTheDoor();
    const lines = async (): Promise<number> => (await fleet.store.events({ limit: 100 })).length;
    const said = async () => (await fleet.store.outbox(1_000)).filter(({ subject }) => subject === 'decided');
    const before = { lines: await lines(), said: (await said()).length };
    await fleet.actions.approve(toProd, eve);
    expect(await lines()).toBe(before.lines);
    const news = (await said()).slice(before.said);
    expect(news).toMatchObject([{ payload: { applications: [podinfo] } }]);
    await fleet.planner.plan({ units: 'all' });
    expect((await said()).length).toBe(before.said + news.length);
  });

  it('may be commits that people push themselves', async () => {
    const fleet = await atTheDoor('{ approval: { count: 1, from: [leads] } }');
    await fleet.actions.hold({ application: podinfo, environment: env('dev'), reason: 'quiet' }, eve);
    const head = await fleet.git.repository.fetch();
    const named = fleet.planner.current()?.named.get(`dev/${podinfo}`)?.[0];
    const candidate = `${named?.digest} ${named?.definition} main=${named?.revisions['main']}`;
    const message = `Yes\n\nFairlead-Approve: prod/${podinfo} ${candidate}\n`;
    await fleet.git.repository.push(head, [{ message, files: new Map(), author: eve }]);
    await fleet.planner.plan({ head: true });
    expect((await log(fleet)).at(-1)).toBe('Promote default/podinfo 1.0.0 to prod');
  });

  it('are for one candidate: the next one asks anew, also where it has the digest of an old one', async () => {
    const fleet = await atTheDoor('{ approval: { count: 1, from: [leads] } }');
    await fleet.actions.approve(toProd, eve);
    await run(fleet);
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await pass(fleet, 1000);
    expect(await gateOf(fleet)).toMatchObject({ verdict: 'Wait' });
    Object.assign(fleet.source, { version: '1.0.0', revision: 'r3' });
    await pass(fleet, 1000);
    expect(await gateOf(fleet)).toMatchObject({ verdict: 'Wait' });
    expect(await versions(fleet)).toEqual({ 'dev-1': '1.0.0', 'prod-1': '1.0.0' });
    expect((await why(fleet, 'prod'))?.next?.message).toContain('0 of 1 approvals');
  });

  it('outlive the store: they are in git', async () => {
    const fleet = await atTheDoor('{ approval: { count: 2, from: [leads] } }');
    await fleet.actions.approve(toProd, eve);
    await fleet.planner.close();
    const fresh = await openFleet({ from: fleet });
    await fresh.planner.plan();
    expect(fresh.planner.current()?.said.get(`prod/${podinfo}`)).toMatchObject([{ kind: 'Approve', by: eve }]);
  });

  it.each([
    ['who wrote it', {}, cid, 'cid wrote what it brings, and nobody approves their own work'],
    ['who may not', {}, { name: 'dora', email: 'dora@example.com' }, 'dora is none of leads (eve, bob, cid)'],
  ])('are refused from %s', async (_who, more, person, words) => {
    const fleet = await atTheDoor();
    const approving = fleet.actions.approve({ ...toProd, ...more }, person);
    await expect(approving).rejects.toMatchObject({ code: 'PermissionDenied', reason: 'MayNotApprove' });
    await expect(approving).rejects.toThrow(words);
  });

  it.each([
    [
      'a second time',
      async (fleet: Awaited<ReturnType<typeof atTheDoor>>) => fleet.actions.approve(toProd, eve),
      {},
      'eve has approved it already',
    ],
    ['of what is not offered', undefined, { release: '9.9.9' }, 'it is not offered; current candidates: 1.0.0'],
    ['where nothing asks for one', undefined, { environment: env('dev') }, 'it has been there already'],
    ['where no pipeline leads', undefined, { environment: env('staging') }, 'no pipeline leads there'],
  ])('are refused %s', async (_when, before, more, words) => {
    const fleet = await atTheDoor();
    await before?.(fleet);
    const commits = await log(fleet);
    await expect(fleet.actions.approve({ ...toProd, ...more }, eve)).rejects.toThrow(words);
    expect(await log(fleet)).toEqual(commits);
  });

  it('of an environment hold every application, and a name that nobody knows lets nothing pass', async () => {
    const fleet = await atTheDoor('{ health: 0s }');
    const prod =
      'apiVersion: fairlead.dev/v1alpha1\nkind: Environment\nmetadata: { name: prod }\nspec: { clusters: { matchLabels: { env: prod } }, gates: [{ approval: { from: [leadz] } }] }\n';
    await fleet.git.server.commit({ message: 'Typo', files: { 'prod.yaml': prod } });
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await fleet.planner.plan({ head: true });
    await run(fleet);
    expect(fleet.planner.current()?.problems.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(
        'prod.yaml:4: spec.gates[0].approval.from[0] names `leadz`, who is neither a team nor an approver of any team; did you mean `leads`?',
      ),
    );
    expect(await gateOf(fleet)).toMatchObject({ verdict: 'Unknown', reason: 'GateUnknown' });
    expect(await versions(fleet)).toMatchObject({ 'dev-1': '2.0.0', 'prod-1': '1.0.0' });
  });
});
