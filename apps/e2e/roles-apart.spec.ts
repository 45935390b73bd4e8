import { readFile } from 'node:fs/promises';
import { createHubClient } from '@fairlead/testkit/fleet';
import { until, type ControlPlane } from '@fairlead/testkit/kube';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFleetApart, untilLeading, type FleetApart } from './apart.ts';
import { callsTo, keepCalling, markStreams, type Made } from './callers.ts';
import { configMap, documents, manifests } from './documents.ts';
import { entryText, isOfApplications, isWrite, markAudit } from './observe.ts';

const clusters = ['dev', 'prod'] as const;
let fleet: FleetApart;

const files = (version: string): Record<string, string> => ({
  'deploy/settings.yaml': manifests(configMap('settings', { version })),
});

beforeAll(async () => {
  fleet = await startFleetApart({
    clusters: clusters.map((name) => ({ name, labels: { env: name } })),
    repositories: {
      web: () => files('0'),
      fleet: (gitUrl) => ({
        'fairlead.yaml': documents(
          { kind: 'Fleet', name: 'apart' },
          ...clusters.map((name) => ({
            kind: 'Environment',
            name,
            spec: { clusters: { matchLabels: { env: name } } },
          })),
          {
            kind: 'Application',
            name: 'web',
            spec: {
              source: { git: { url: `${gitUrl}/web.git`, path: 'deploy' } },
              namespace: 'web',
              pipeline: [{ environment: 'dev' }, { environment: 'prod', gates: [{ soak: '5s' }] }],
            },
          },
        ),
      }),
    },
  });
  await untilEverywhere('0');
});
afterAll(() => fleet?.stop());

const plane = (name: string): ControlPlane => fleet.planes.get(name) as ControlPlane;

async function untilAt(name: string, version: string): Promise<void> {
  const { api } = plane(name);
  await until(async () => (await api.get('/api/v1/namespaces/web/configmaps/settings')).data.version === version, {
    what: `version ${version} to come to ${name}`,
    timeoutMs: 90_000,
  });
}

async function untilEverywhere(version: string): Promise<void> {
  for (const name of clusters) await untilAt(name, version);
}

async function headNow(): Promise<string> {
  return (await fleet.git.refs('fleet')).get('refs/heads/main') ?? '';
}

/** Subjects of the ledger's commits since a head, oldest first. */
async function ledgerSince(head: string): Promise<string[]> {
  const log = await fleet.git.git('fleet', 'log', '--reverse', '--format=%s', `${head}..main`);
  return log.split('\n').filter((line) => line !== '');
}

/** How often the journal says so. */
async function journal(type: string): Promise<number> {
  const { items } = await fleet.hub.client.call('listEvents', { query: { limit: 500 } });
  return items.filter((item) => item.type === type).length;
}

/** A pause before the next try, which follows at once where a stream stood, and what a busy machine takes for a handshake. */
const mostWithoutStreamMs = 10_000;

test('a commit reaches every cluster, each manifest applied once', async () => {
  const marks = await Promise.all(clusters.map((name) => markAudit(plane(name))));
  await fleet.push('web', { files: files('1'), message: 'Version 1' });
  await untilEverywhere('1');
  for (const mark of marks) {
    const writes = await mark.since((entry) => isOfApplications(entry) && isWrite(entry));
    expect(writes.map(entryText)).toEqual([expect.stringContaining('/configmaps/settings')]);
  }
  const { problems, epoch } = await fleet.hub.client.call('getFleet');
  expect({ problems, epoch }).toEqual({ problems: [], epoch: 1 });
});

test('an api gives out the page to everybody, and a gateway knows nothing of it', async () => {
  const { hub } = fleet;
  const page = await hub.client.raw('GET', '/', { token: '' });
  expect(page).toMatchObject({ status: 200, body: expect.stringContaining('<title>Fairlead</title>') as string });
  const gateway = await createHubClient({ api: hub.enrolment, dataDir: hub.dataDir });
  expect(await gateway.raw('GET', '/', { token: '' })).toMatchObject({ status: 404 });
  gateway.close();
});

test('a question asked of any api finds the gateway that holds the stream, and a plan asks every cluster', async () => {
  const tree = (cluster: string) =>
    fleet.hub.client.call('getTree', { path: { cluster, team: 'default', name: 'web' } });
  // Calls go round the apis, and streams lie where the balancer put them.
  for (const cluster of [...clusters, ...clusters])
    expect((await tree(cluster)).objects.map(({ object }) => object)).toEqual(['/ConfigMap/web/settings']);
  const body = { application: 'default/web', environment: 'prod' };
  const { groups, problems } = await fleet.hub.client.call('createPlan', { body });
  expect(problems).toEqual([]);
  expect(groups.map(({ clusters: named, plan }) => [named, plan.counts.unchanged])).toEqual([[['prod'], 1]]);
});

test('a leader that was stopped and goes on writes nothing: the other one led meanwhile', async () => {
  const leader = await untilLeading(fleet.hub.processes.planner);
  const head = await headNow();
  const promoted = await journal('Promoted');
  leader.pause();
  await fleet.push('web', { files: files('2'), message: 'Version 2' });
  const others = fleet.hub.processes.planner.filter((one) => one !== leader);
  const next = await untilLeading(others);
  await untilAt('dev', '2');
  leader.resume();
  await until(async () => (await readFile(leader.logFile, 'utf8')).includes('leads no more'), {
    what: 'the old leader to stand by',
    timeoutMs: 60_000,
  });
  await untilEverywhere('2');

  expect(await untilLeading(fleet.hub.processes.planner)).toBe(next);
  expect(await ledgerSince(head)).toEqual([
    expect.stringMatching(/^Promote default\/web .* dev/),
    expect.stringMatching(/^Promote default\/web .* prod/),
  ]);
  expect(await journal('Promoted')).toBe(promoted + 2);
});

test('every role is restarted process by process while a rollout runs, without a gap', async () => {
  const head = await headNow();
  const marks = await Promise.all(clusters.map((name) => markAudit(plane(name))));
  const streams = await Promise.all([...fleet.agents.values()].map(({ logFile }) => markStreams(logFile)));
  const refusals = fleet.hub.refusals();
  const calls = callsTo(fleet.hub, fleet.git.urlOf('web'));
  const callers = [calls.status, calls.webhook, calls.enrol].map(keepCalling);
  const stopCalling = (): Promise<Made[]> => Promise.all(callers.map((caller) => caller.stop()));
  try {
    await fleet.push('web', { files: files('3'), message: 'Version 3' });
    for (const role of ['planner', 'gateway', 'sources', 'api'] as const) await fleet.hub.roll(role);
    await untilEverywhere('3');
  } finally {
    await stopCalling();
  }

  for (const { made, failures } of await stopCalling()) {
    expect(failures).toEqual([]);
    // More than there are processes that were restarted.
    expect(made).toBeGreaterThan(8);
  }
  expect(fleet.hub.refusals()).toBe(refusals);
  expect((await ledgerSince(head)).filter((subject) => subject.startsWith('Promote'))).toHaveLength(2);
  for (const mark of marks) {
    const writes = await mark.since((entry) => isOfApplications(entry) && isWrite(entry));
    expect(writes.map(entryText)).toEqual([expect.stringContaining('/configmaps/settings')]);
  }
  for (const cluster of clusters) await expectConnected(cluster);
  for (const stream of streams) {
    const { ended, missed, longestGapMs } = await stream();
    // Once for each gateway that it was on; whoever is sent away by one finds the other.
    expect(ended).toBeGreaterThan(0);
    expect(ended).toBeLessThanOrEqual(fleet.hub.processes.gateway.length);
    expect(missed).toBe(0);
    expect(longestGapMs).toBeLessThan(mostWithoutStreamMs);
  }
});

/** One commit that reaches all clusters though `hurt` comes between, written once to each; tells how often it was promoted. */
async function roll(version: string, hurt: () => Promise<void>): Promise<number> {
  const head = await headNow();
  const marks = await Promise.all(clusters.map((name) => markAudit(plane(name))));
  await fleet.push('web', { files: files(version), message: `Version ${version}` });
  await untilAt('dev', version);
  await hurt();
  await untilEverywhere(version);
  for (const mark of marks) {
    const writes = await mark.since((entry) => isOfApplications(entry) && isWrite(entry));
    expect(writes.map(entryText)).toEqual([expect.stringContaining('/configmaps/settings')]);
  }
  return (await ledgerSince(head)).filter((subject) => subject.startsWith('Promote')).length;
}

test('a database that is killed and started again during a rollout costs a delay', async () => {
  const hurt = async (): Promise<void> => {
    await fleet.postgres.down();
    await fleet.postgres.up();
  };
  expect(await roll('4', hurt)).toBe(2);
});

test('a broker that is killed, and wiped meanwhile, costs a delay', async () => {
  const hurt = (): Promise<void> => fleet.nats.restart({ whileDown: () => fleet.nats.wipeStore() });
  expect(await roll('5', hurt)).toBe(2);
});

test('a database that was set back is told by git and the agents what came since, and nothing is applied again', async () => {
  await fleet.postgres.down({ graceMs: 10_000 });
  const copy = await fleet.postgres.copyData();
  await fleet.postgres.up();
  expect(await roll('6', async () => undefined)).toBe(2);
  const marks = await Promise.all(clusters.map((name) => markAudit(plane(name))));
  await fleet.postgres.down();
  await fleet.postgres.setBackData(copy);
  await fleet.postgres.up();
  const { git } = fleet;
  const release = await git.git('fleet', 'show', 'main:ledger/prod/default/web.yaml');
  await until(
    async () => {
      const { items } = await fleet.hub.client.call('listPlacements', { query: { application: 'default/web' } });
      return items.length === 2 && items.every((one) => release.includes(one.release ?? '-') && one.sync === 'InSync');
    },
    { what: 'the placements of version 6 to be known again', timeoutMs: 90_000 },
  );
  for (const mark of marks)
    expect((await mark.since((entry) => isOfApplications(entry) && isWrite(entry))).map(entryText)).toEqual([]);
  expect(await roll('7', async () => undefined)).toBe(2);
});

async function expectConnected(cluster: string): Promise<void> {
  await until(
    async () => (await fleet.hub.client.call('getCluster', { path: { cluster } })).connection === 'Connected',
    { what: `${cluster} to be connected`, timeoutMs: 60_000 },
  );
}
