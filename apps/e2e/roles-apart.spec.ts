import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { until, type ControlPlane } from '@fairlead/testkit/kube';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFleetApart, untilLeading, type FleetApart } from './apart.ts';
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

/** Asks the status API over a connection of its own, again and again; tells how often, and every answer that was none. */
async function pollStatus(): Promise<{ stop(): Promise<{ asked: number; failures: string[] }> }> {
  const [ca, token] = await Promise.all(
    ['ca.pem', 'admin-token'].map((name) => readFile(join(fleet.hub.dataDir, name), 'utf8')),
  );
  const failures: string[] = [];
  let asked = 0;
  const over = new AbortController();
  const ask = (): Promise<string> =>
    new Promise((resolve) => {
      const headers = { authorization: `Bearer ${(token ?? '').trim()}` };
      const out = request(`${fleet.hub.api}/api/v1/fleet`, { ca, headers, agent: false, timeout: 10_000 }, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(String(answer.statusCode)));
      });
      out.once('timeout', () => out.destroy(new Error('no answer')));
      out.once('error', (error) => resolve(error.message));
      out.end();
    });
  const running = (async () => {
    while (!over.signal.aborted) {
      const answer = await ask();
      asked += 1;
      if (answer !== '200') failures.push(answer);
    }
  })();
  return {
    async stop() {
      over.abort();
      await running;
      return { asked, failures };
    },
  };
}

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
  const polling = await pollStatus();
  await fleet.push('web', { files: files('3'), message: 'Version 3' });
  for (const role of ['planner', 'gateway', 'sources', 'api'] as const) await fleet.hub.roll(role);
  await untilEverywhere('3');
  const { asked, failures } = await polling.stop();

  expect(failures).toEqual([]);
  expect(asked).toBeGreaterThan(20);
  expect(await ledgerSince(head)).toHaveLength(2);
  for (const mark of marks) {
    const writes = await mark.since((entry) => isOfApplications(entry) && isWrite(entry));
    expect(writes.map(entryText)).toEqual([expect.stringContaining('/configmaps/settings')]);
  }
  for (const cluster of clusters) await expectConnected(cluster);
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
