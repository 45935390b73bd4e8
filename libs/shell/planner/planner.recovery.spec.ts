import { describe, expect, it } from 'vitest';
import { FairleadError, type ApplicationId, type ClusterName } from '@fairlead/core/model';
import {
  hello,
  join,
  log,
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

const members = {
  'dev-1': { env: 'dev' },
  'staging-1': { env: 'staging' },
  'prod-canary': { env: 'prod', tier: 'canary' },
  'prod-1': { env: 'prod' },
};
const names = Object.keys(members) as ClusterName[];

async function shipped(): Promise<Fleet> {
  const fleet = await openFleet();
  await join(fleet, members);
  await pass(fleet, 60_000);
  return fleet;
}

/** Prod's canary has a bad release and its rollout is halted. */
async function halted(): Promise<Fleet> {
  const fleet = await shipped();
  const prod =
    'apiVersion: fairlead.dev/v1alpha1\nkind: Environment\nmetadata: { name: prod }\nspec: { clusters: { matchLabels: { env: prod } }, rollout: { waves: [{ name: canary, clusters: { matchLabels: { tier: canary } } }, { name: rest }], maxUnavailable: 1 } }\n';
  await fleet.git.server.commit({ message: 'Halt rather than roll back', files: { 'prod.yaml': prod } });
  fleet.source.broken.add('2.0.0 in prod');
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await fleet.planner.plan({ head: true });
  await run(fleet);
  await pass(fleet, 60_000);
  for (let minutes = 0; minutes < 12; minutes += 4) await pass(fleet, 240_000);
  return fleet;
}

async function entries(fleet: Fleet) {
  return (await fleet.store.assignments({})).map(({ cluster, entry, tombstone }) => ({ cluster, entry, tombstone }));
}

describe('a lost store', () => {
  it('raises the epoch by one commit, and the desired state of every cluster comes back as it was', async () => {
    const before = await shipped();
    const fleet = await loseStore(before);
    for (const cluster of names) await speakAgain(fleet, { before, cluster });
    await run(fleet);
    expect(await entries(fleet)).toEqual(await entries(before));
    expect((await log(fleet)).at(-1)).toBe('Epoch 2');
    expect((await log(fleet)).filter((subject) => subject.startsWith('Epoch'))).toEqual(['Epoch 1', 'Epoch 2']);
    const positions = (await fleet.store.clusters()).map(({ position }) => position);
    expect(positions).toEqual(names.map(() => ({ epoch: 2, generation: 1 })));
  });

  it('at its start forgets what streams said that are open, and makes everybody speak again', async () => {
    const before = await shipped();
    expect(await before.store.fact('restored')).toBeUndefined();
    // A gateway that was there before wrote a word of yesterday's copy down just now.
    const [cluster] = names as [ClusterName];
    const fleet = await loseStore(before, (fresh) => hello(fresh, cluster));
    expect((await log(fleet)).at(-1)).toBe('Epoch 2');
    expect(await fleet.store.cluster(cluster)).not.toHaveProperty('statusDigest');
    expect(await fleet.store.fact('restored')).toEqual({ mark: 'now' });
  });

  it('a halted rollout stays halted, and who was not reached stays where it is', async () => {
    const before = await halted();
    expect(await versions(before)).toMatchObject({ 'prod-canary': '2.0.0', 'prod-1': '1.0.0' });
    expect((await log(before)).at(-1)).toBe('Halt default/podinfo 2.0.0 in prod');
    const fleet = await loseStore(before);
    for (const cluster of names) await speakAgain(fleet, { before, cluster });
    await run(fleet);
    await pass(fleet, 900_000);
    expect(await entries(fleet)).toEqual(await entries(before));
    expect((await why(fleet, 'prod'))?.state).toBe('Halted');
  });

  it('nothing spreads before the fleet is seen again', async () => {
    const before = await shipped();
    const fleet = await loseStore(before);
    for (const cluster of names.filter((name) => name !== 'prod-1')) await speakAgain(fleet, { before, cluster });
    const file = 'ledger/prod/default/podinfo.yaml';
    const text = (await fleet.git.repository.file(await fleet.git.repository.fetch(), file))?.text ?? '';
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    const promoted =
      (await fleet.git.repository.file(await fleet.git.repository.fetch(), 'ledger/dev/default/podinfo.yaml'))?.text ??
      '';
    expect(promoted).toContain('2.0.0');
    await fleet.git.server.commit({
      message: 'By hand',
      files: { [file]: promoted.replace('environment: dev', 'environment: prod') },
    });
    await fleet.planner.plan({ head: true });
    await run(fleet);
    expect(text).toContain('1.0.0');
    expect((await versions(fleet))['prod-canary']).toBe('1.0.0');
    expect((await why(fleet, 'prod'))?.why.reason).toBe('NotSeenYet');
    await speakAgain(fleet, { before, cluster: 'prod-1' as ClusterName });
    await run(fleet);
    expect(await versions(fleet)).toMatchObject({ 'prod-canary': '2.0.0', 'prod-1': '2.0.0' });
  });

  it('a silent cluster is waited for ten minutes, then left out', async () => {
    const before = await shipped();
    const fleet = await loseStore(before);
    for (const cluster of names.filter((name) => name !== 'dev-1')) await speakAgain(fleet, { before, cluster });
    await run(fleet);
    expect((await why(fleet, 'dev'))?.why.reason).toBe('NotSeenYet');
    await pass(fleet, 600_000);
    expect((await why(fleet, 'dev'))?.why.reason).toBe('ClusterSilent');
  });

  it('a position of an agent that the store does not know raises the epoch, and nothing is given back in time', async () => {
    const fleet = await shipped();
    const cluster = 'dev-1' as ClusterName;
    await fleet.store.write([{ put: 'contact', row: { cluster, ackedPosition: { epoch: 1, generation: 99 } } }]);
    await hello(fleet, cluster);
    await run(fleet);
    expect((await log(fleet)).at(-1)).toBe('Epoch 2');
    for (const name of names) await hello(fleet, name);
    await run(fleet);
    expect((await fleet.store.cluster(cluster))?.position).toEqual({ epoch: 2, generation: 1 });
    expect((await versions(fleet))['dev-1']).toBe('1.0.0');
  });

  it('a store that fails right after the epoch was committed is told of it later, without another commit', async () => {
    const fleet = await shipped();
    const [cluster] = names as [ClusterName];
    await fleet.store.write([{ put: 'contact', row: { cluster, ackedPosition: { epoch: 1, generation: 99 } } }]);
    const { write } = fleet.store;
    const full = new FairleadError('no space left', { code: 'Unavailable', reason: 'InternalError', retry: 'backoff' });
    fleet.store.write = () => Promise.reject(full);
    await fleet.planner.plan();
    expect((await log(fleet)).at(-1)).toBe('Epoch 2');
    expect(fleet.planner.troubles()).toMatchObject([{ message: 'no space left' }]);
    // Git is away as well when it is tried again.
    fleet.store.write = write;
    fleet.git.server.down(true);
    await fleet.planner.plan({ head: true });
    fleet.git.server.down(false);
    await fleet.planner.plan({ head: true });
    for (const name of names) await hello(fleet, name);
    await run(fleet);
    expect((await log(fleet)).filter((subject) => subject.startsWith('Epoch'))).toEqual(['Epoch 1', 'Epoch 2']);
    const positions = (await fleet.store.clusters()).map(({ position }) => position?.epoch);
    expect(positions).toEqual(names.map(() => 2));
    expect(fleet.planner.troubles()).toEqual([]);
  });

  it('whoever spoke to the planner that raises the epoch is seen, and goes on without another word', async () => {
    const fleet = await shipped();
    const [cluster] = names as [ClusterName];
    await fleet.store.write([{ put: 'contact', row: { cluster, ackedPosition: { epoch: 1, generation: 99 } } }]);
    fleet.clock.advance(30_000);
    await run(fleet);
    expect((await log(fleet)).at(-1)).toBe('Epoch 2');
    const positions = (await fleet.store.clusters()).map(({ position }) => position?.epoch);
    expect(positions).toEqual(names.map(() => 2));
    expect((await why(fleet, 'dev'))?.state).toBe('Over');
  });

  it('a status of yesterday is not taken for what a cluster runs before the cluster has said so', async () => {
    const before = await shipped();
    const fleet = await loseStore(before);
    const [cluster] = names as [ClusterName];
    const statuses = await before.store.statuses({ cluster });
    await hello(fleet, cluster);
    await fleet.store.write([
      { put: 'contact', row: { cluster, statusDigest: undefined } },
      ...statuses.map((row) => ({ put: 'status', row }) as const),
    ]);
    await run(fleet);
    expect(await fleet.store.assignments({ cluster })).toEqual([]);
    await speakAgain(fleet, { before, cluster });
    await run(fleet);
    expect(await fleet.store.assignments({ cluster })).toHaveLength(1);
  });

  it('a cluster that speaks while others are looked at is given all that it runs by one head', async () => {
    const fleet = await shipped();
    const [first, late] = names as [ClusterName, ClusterName];
    await fleet.store.write([
      { put: 'contact', row: { cluster: first, ackedPosition: { epoch: 1, generation: 99 } } },
      { put: 'contact', row: { cluster: late, statusDigest: undefined } },
    ]);
    await run(fleet);
    expect((await log(fleet)).at(-1)).toBe('Epoch 2');
    expect((await fleet.store.cluster(late))?.position?.epoch).toBe(1);
    await hello(fleet, late);
    // The bell of its Hello has come, the one of its status has not, and somebody asks for a look at the head.
    await fleet.bus.publish('statuses', { clusters: [late], applications: ['default/gone' as ApplicationId] });
    await fleet.bus.settled();
    await fleet.planner.plan({ head: true, units: [] });
    expect((await fleet.store.cluster(late))?.position).toEqual({ epoch: 2, generation: 1 });
    expect((await fleet.store.assignments({ cluster: late })).map(({ entry }) => entry?.version)).toEqual(['1.0.0']);
  });

  it('while another hub has raised the epoch, nothing is given out', async () => {
    const fleet = await shipped();
    const hub = 'apiVersion: fairlead.dev/v1alpha1\nkind: Hub\nmetadata: { name: hub }\nspec: { epoch: 7 }\n';
    await fleet.git.server.commit({ message: 'Epoch 7', files: { 'ledger/hub.yaml': hub } });
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await fleet.planner.plan({ head: true });
    await run(fleet);
    expect((await versions(fleet))['dev-1']).toBe('1.0.0');
    expect((await log(fleet)).at(-1)).toBe('Epoch 7');
  });

  it('while another hub has raised the epoch, who enrols is no member: the hub that gives out would wait for it', async () => {
    const fleet = await shipped();
    const hub = 'apiVersion: fairlead.dev/v1alpha1\nkind: Hub\nmetadata: { name: hub }\nspec: { epoch: 7 }\n';
    await fleet.git.server.commit({ message: 'Epoch 7', files: { 'ledger/hub.yaml': hub } });
    await fleet.planner.plan({ head: true });
    await join(fleet, { late: { env: 'dev' } });
    expect((await log(fleet)).at(-1)).toBe('Epoch 7');
    // Started again, it takes the ledger over, and whoever waits with it.
    await fleet.planner.close();
    const next = await openFleet({ from: fleet, store: fleet.store });
    await next.planner.plan();
    await run(next);
    expect((await log(next)).slice(-2)).toEqual(['Epoch 8', 'Join late']);
  });
});

describe('git that cannot be followed', () => {
  it('a protected branch lets the halt stand and is named', async () => {
    const fleet = await shipped();
    fleet.source.broken.add('2.0.0 in dev');
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    await fleet.git.server.protect(true);
    await pass(fleet, 240_000);
    await pass(fleet, 240_000);
    await pass(fleet, 240_000);
    expect((await why(fleet, 'dev'))?.state).toBe('Halted');
    expect(fleet.planner.troubles()[0]?.reason).toBe('LedgerUnwritable');
    await fleet.git.server.protect(false);
    await pass(fleet, 60_000);
    expect((await log(fleet)).at(-1)).toBe('Halt default/podinfo 2.0.0 in dev');
    expect(fleet.planner.troubles()).toEqual([]);
  });

  it('a rewritten head is held, nothing is committed on it, and an acknowledgement lets it in', async () => {
    const fleet = await shipped();
    const old = await fleet.git.repository.fetch();
    const kept = await fleet.git.repository.files(old);
    await fleet.git.server.commit({
      parent: null,
      message: 'Rewrite',
      files: Object.fromEntries(kept.map(({ path, text }) => [path, text])),
    });
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await fleet.planner.plan({ head: true });
    await run(fleet);
    expect(fleet.planner.troubles()[0]?.reason).toBe('LedgerRewritten');
    expect((await versions(fleet))['dev-1']).toBe('1.0.0');
    await fleet.actions.acknowledge({ kind: 'Rewrite', subject: old }, { name: 'ada', email: 'ada@example.com' });
    await run(fleet);
    expect(fleet.planner.troubles()).toEqual([]);
    expect((await versions(fleet))['dev-1']).toBe('2.0.0');
  });
});

describe('a ledger file that names a commit which is gone', () => {
  const gone = 'a'.repeat(40);
  const path = 'ledger/prod/default/podinfo.yaml';
  const edit = async (fleet: Fleet, change: (text: string) => string) => {
    const file = await fleet.git.repository.file(await fleet.git.repository.fetch(), path);
    const text = file?.text ?? '';
    await fleet.git.server.commit({ message: 'By hand', files: { [path]: change(text) } });
    expect(change(text)).not.toBe(text);
    await fleet.planner.plan({ head: true });
    await run(fleet);
  };
  const problems = (fleet: Fleet) => fleet.planner.current()?.problems ?? [];

  it('as its fallback is named with file and line, goes on without one, and holds nobody else', async () => {
    const fleet = await shipped();
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    for (let minutes = 0; minutes < 4; minutes += 1) await pass(fleet, 60_000);
    await edit(fleet, (text) => text.replace(/fallback: .*/, `fallback: ${gone}`));
    expect(problems(fleet)).toMatchObject([
      { reason: 'RevisionGone', subject: { file: path, field: 'spec.fallback' } },
    ]);
    expect(problems(fleet)[0]?.message).toContain(`${path}:`);
    Object.assign(fleet.source, { version: '3.0.0', revision: 'r3' });
    await run(fleet);
    for (let minutes = 0; minutes < 4; minutes += 1) await pass(fleet, 60_000);
    expect(new Set(Object.values(await versions(fleet)))).toEqual(new Set(['3.0.0']));
    expect(fleet.planner.troubles()).toEqual([]);
    // The promotion wrote a fallback of its own.
    expect(problems(fleet)).toEqual([]);
  });

  it('as its definition is named with file and line; what clusters run stays, and the next release is another matter', async () => {
    const fleet = await shipped();
    const before = await entries(fleet);
    await edit(fleet, (text) => text.replace(/commit: [^ }\n]+/, `commit: ${gone}`));
    const field = 'spec.definition.commit';
    expect(problems(fleet)).toMatchObject([{ reason: 'RevisionGone', subject: { file: path, field } }]);
    expect(await entries(fleet)).toEqual(before);
    Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
    await run(fleet);
    for (let minutes = 0; minutes < 4; minutes += 1) await pass(fleet, 60_000);
    expect(new Set(Object.values(await versions(fleet)))).toEqual(new Set(['2.0.0']));
    expect(problems(fleet)).toEqual([]);
  });
});

describe('rounds', () => {
  it('a planner that is restarted goes on where the store stands', async () => {
    const fleet = await shipped();
    const before = await fleet.store.clusters();
    await fleet.planner.close();
    await fleet.planner.plan();
    expect(await fleet.store.clusters()).toEqual(before);
    expect((await fleet.store.events({ limit: 99, application: podinfo })).length).toBeGreaterThan(0);
  });
});

it('does not hold against a cluster what a planner that was away could not hear', async () => {
  const fleet = await openFleet();
  await join(fleet, { 'dev-1': { env: 'dev' } });
  fleet.source.version = '2.0.0';
  fleet.source.revision = 'r2';
  await fleet.planner.plan();
  await fleet.planner.close();
  // The deadline of ten minutes goes by, and nobody hears that the cluster is well.
  fleet.clock.advance(3_600_000);
  const again = await openFleet({ from: fleet, store: fleet.store });
  await hello(again, 'dev-1' as ClusterName);
  await again.planner.plan();
  expect((await why(again, 'dev'))?.state).toBe('Progressing');
  expect(await log(again)).not.toContainEqual(expect.stringMatching(/^(Halt|Rollback)/));
  await run(again);
  expect((await why(again, 'dev'))?.state).toBe('Over');
});

it('does not hold against a cluster what a bus that was away could not carry', async () => {
  const fleet = await openFleet();
  await join(fleet, { 'dev-1': { env: 'dev' } });
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  fleet.busAway(true);
  await fleet.planner.plan();
  // The gateway hears the cluster, and is not told of the new state. The deadline of ten minutes goes by six times.
  for (let minutes = 0; minutes < 60; minutes += 2) {
    const lastHeardAtMs = fleet.clock.now() + 120_000;
    await fleet.store.write([{ put: 'contact', row: { cluster: 'dev-1' as ClusterName, lastHeardAtMs } }]);
    fleet.clock.advance(120_000);
    await fleet.planner.plan({ units: ['dev/default/podinfo'] });
  }
  expect((await why(fleet, 'dev'))?.state).toBe('Progressing');
  fleet.busAway(false);
  await fleet.planner.plan();
  expect(await log(fleet)).not.toContainEqual(expect.stringMatching(/^(Halt|Rollback)/));
  await run(fleet);
  expect((await why(fleet, 'dev'))?.state).toBe('Over');
});

it('takes nobody for silent who could not be heard while the store was away for ten minutes', async () => {
  const fleet = await openFleet();
  await join(fleet, { 'dev-1': { env: 'dev' }, 'dev-2': { env: 'dev' } });
  const silent = { cluster: 'dev-2' as ClusterName, lastHeardAtMs: fleet.clock.now() - 300_000 };
  await fleet.store.write([{ put: 'contact', row: silent }]);
  const fromMs = fleet.clock.now();
  fleet.clock.advance(600_000);
  fleet.gaps.push({ fromMs, untilMs: fleet.clock.now() });
  // The first look, before any agent has come back.
  Object.assign(fleet.source, { version: '2.0.0', revision: 'r2' });
  await fleet.planner.plan();
  await fleet.planner.plan();
  expect(await versions(fleet)).toEqual({ 'dev-1': '2.0.0', 'dev-2': '1.0.0' });
});
