import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinCluster, startHubApart, untilConnected, type HubApart, type Role } from '@fairlead/testkit/fleet';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { startControlPlane, until, type ControlPlane } from '@fairlead/testkit/kube';
import { startNatsServer, type NatsServer } from '@fairlead/testkit/nats';
import { startPostgres, type PostgresAccess, type PostgresServer } from '@fairlead/testkit/postgres';
import { createEndings, removeFolderAtEnd } from '@fairlead/testkit/process';
import {
  calm,
  fleetFiles,
  layKeys,
  simulatedIdentities,
  startSimulator,
  type Simulator,
} from '@fairlead/testkit/simulator';
import { configMap, deployment, documents, manifests } from './documents.ts';

/** The one real cluster: its API server's audit log is the oracle. */
export const canary = 'canary';
/** Simulated clusters beside it; their counters are the other oracle. */
export const crowd = 30;

/** A hub whose roles run apart over servers that a test breaks, a real cluster and a crowd of simulated ones. */
export interface FaultyFleet {
  readonly git: GitServer;
  readonly hub: HubApart;
  readonly nats: NatsServer;
  readonly postgres: PostgresServer;
  readonly database: PostgresAccess;
  readonly plane: ControlPlane;
  readonly simulator: Simulator;
  /** Commits a version of the application `web`, and rings. */
  change(version: string): Promise<void>;
  stop(): Promise<void>;
}

const source = (version: string): Record<string, string> => ({
  'web/settings.yaml': manifests(configMap('settings', { version })),
  'web/constant.yaml': manifests(configMap('constant', { stays: 'as it is' })),
});

/** What `stuck` becomes in the canary: a release that never gets healthy, so that its rollout halts. */
export const stuckFiles = {
  'stuck/all.yaml': manifests(configMap('stuck', { version: '2' }), deployment('never-ready')),
} as const;

/**
 * `web` goes to the canary first and then to the crowd, six at a time; `stuck` to the canary alone. One failure is one too
 * many, so that whatever is taken for one halts the rollout.
 */
function fleetDocuments(gitUrl: string): string {
  const git = (path: string): object => ({ git: { url: `${gitUrl}/source.git`, path } });
  return documents(
    { kind: 'Fleet', name: 'faults', spec: { ledger: { path: 'ledger', mode: 'Commit' } } },
    {
      kind: 'Environment',
      name: 'all',
      spec: {
        clusters: {},
        rollout: {
          waves: [
            { name: 'canary', clusters: { matchLabels: { tier: 'canary' } } },
            { name: 'rest', maxConcurrent: 6 },
          ],
          maxUnavailable: '50%',
          progressDeadline: '45s',
          onFailure: 'Halt',
          unreachable: 'Wait',
        },
      },
    },
    {
      kind: 'Environment',
      name: 'one',
      spec: { clusters: { matchLabels: { tier: 'canary' } }, rollout: { progressDeadline: '3s', onFailure: 'Halt' } },
    },
    ...(['web', 'stuck'] as const).map((name) => ({
      kind: 'Application',
      name,
      spec: { source: git(name), namespace: name, pipeline: [{ environment: name === 'web' ? 'all' : 'one' }] },
    })),
  );
}

/** Starts it all; version 0 is under way when this is fulfilled. What was started is ended where a later part does not start. */
export async function startFaultyFleet(): Promise<FaultyFleet> {
  const endings = createEndings();
  const { stop } = endings;
  try {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-faults-'));
    removeFolderAtEnd(folder);
    endings.add(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
    // What was acknowledged survives a kill only where it was written down.
    const postgres = endings.of(await startPostgres({ durable: true }));
    // Room for the stream of doorbells and little more.
    const nats = endings.of(await startNatsServer({ jetStream: { maxFileBytes: 160 * 1024 ** 2 } }));
    const git = endings.of(await startGitServer());
    const plane = endings.of(await startControlPlane({ name: canary }));
    const { agents, authority } = await simulatedIdentities({ count: crowd });
    const dial = await layKeys(join(folder, 'keys'), authority);
    const sourceUrl = await git.createRepository('source');
    await git.commit('source', {
      files: { ...source('0'), 'stuck/all.yaml': manifests(configMap('stuck', { version: '1' })) },
      message: 'Begin',
    });
    await git.createRepository('fleet');
    const members = fleetFiles({ agents, applications: 0, objects: 0 }, sourceUrl);
    await git.commit('fleet', { files: { ...members, 'fairlead.yaml': fleetDocuments(git.url) }, message: 'Begin' });
    const database = await postgres.createDatabase();
    const hub = endings.of(
      await startHubApart({ fleetUrl: git.urlOf('fleet'), folder, store: database, bus: nats.url }),
    );
    const own = join(folder, canary);
    await mkdir(own, { recursive: true, mode: 0o700 });
    endings.of(await joinCluster({ hub, plane, labels: { tier: 'canary' }, folder: own }));
    await untilConnected(hub, canary);
    const simulator = endings.of(
      startSimulator({
        hub: { ...dial, transport: 'grpc', address: hub.grpc },
        agents,
        behaviour: {
          ...calm,
          verifyShare: 1,
          apply: { leastMs: 100, mostMs: 500 },
          health: { leastMs: 100, mostMs: 500 },
        },
      }),
    );
    const change: FaultyFleet['change'] = async (version) => {
      await git.commit('source', { files: source(version), message: `Version ${version}` });
      await hub.client.webhook(git.urlOf('source'));
    };
    return { git, hub, nats, postgres, database, plane, simulator, change, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until a process of the role says of itself so: the status and text of its `/readyz`. */
export async function untilSaid(hub: HubApart, role: Role, says: { status: 200 | 503; word: string }): Promise<void> {
  await until(
    async () => {
      const all = await Promise.all(hub.processes[role].map(({ probes }) => readiness(probes)));
      if (all.some(({ status, text }) => status === says.status && text.includes(says.word))) return true;
      throw new Error(JSON.stringify(all));
    },
    { what: `one ${role} to answer ${says.status} and ${says.word}`, timeoutMs: 60_000, pollMs: 100 },
  );
}

/** Waits until every process has all that it needs. */
export async function untilReady(hub: HubApart): Promise<void> {
  const processes = Object.values(hub.processes).flat();
  await until(
    async () => {
      const all = await Promise.all(processes.map(({ probes }) => readiness(probes)));
      if (all.every(({ status, text }) => status === 200 && !text.includes('Unavailable'))) return true;
      throw new Error(JSON.stringify(all));
    },
    { what: 'every process to be ready', timeoutMs: 60_000, pollMs: 100 },
  );
}

async function readiness(probes: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://${probes}/readyz`);
  return { status: answer.status, text: await answer.text() };
}

/** The last complaints of each process, for a failure's message. */
export async function problemsOf(hub: HubApart): Promise<string> {
  const all = await Promise.all(
    Object.values(hub.processes)
      .flat()
      .map(async ({ logFile }) =>
        (await readFile(logFile, 'utf8')).split('\n').filter((line) => /"level":"(warn|error)"/.test(line)),
      ),
  );
  return all.flatMap((lines) => lines.slice(-3).map((line) => line.slice(0, 300))).join('\n');
}
