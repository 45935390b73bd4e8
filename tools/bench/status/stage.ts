import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterName, Digest } from '@fairlead/core/model';
import { createHubClient, flagsOf, launchProgram, programPath, type HubClient } from '@fairlead/testkit/fleet';
import { startGitServer } from '@fairlead/testkit/git';
import { until } from '@fairlead/testkit/kube';
import { createEndings, freePort } from '@fairlead/testkit/process';
import { fleetFiles, makeKeys, startSharedServers, type SharedServers } from '@fairlead/testkit/simulator';
import { startChild, type Child } from '../child.ts';
import type { Answer, ToIntake } from './protocol.ts';

/** Members in git, a record, the process that takes statuses in, and the api beside it. No planner: nothing is planned. */
export interface StatusStage {
  readonly clusters: readonly ClusterName[];
  readonly servers: SharedServers;
  /** The gateway, in a process of its own. */
  readonly intake: Child<ToIntake, Answer>;
  readonly api: HubClient;
  readonly apiPid: number;
  stop(): Promise<void>;
}

const host = '127.0.0.1';

/** Sets it up; what was started is ended where a later part does not start. */
export async function setStatusStage(count: number, applications: number): Promise<StatusStage> {
  const endings = createEndings();
  const { stop } = endings;
  try {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-bench-'));
    endings.add(() => rm(folder, { recursive: true, force: true }));
    const members = Array.from({ length: count }, (_, number) => memberOf(number));
    const git = endings.of(await startGitServer());
    const fleetUrl = await git.createRepository('fleet');
    const shape = { agents: members, applications, objects: 1 };
    await git.commit('fleet', { files: fleetFiles(shape, git.urlOf('source')), message: 'Begin' });
    const servers = endings.of(await startSharedServers(folder));
    const intake = endings.of(startChild<ToIntake, Answer>(join(import.meta.dirname, 'intake.ts')));
    const keys = join(folder, 'keys');
    await makeKeys(keys);
    const { client, process } = await startApi({ folder, keys, fleetUrl, flags: servers.flags });
    endings.of(process);
    endings.add(() => Promise.resolve(client.close()));
    const clusters = members.map(({ cluster }) => cluster);
    return { clusters, servers, intake, api: client, apiPid: process.pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startApi(by: {
  readonly folder: string;
  readonly keys: string;
  readonly fleetUrl: string;
  readonly flags: Readonly<Record<string, string>>;
}) {
  const { folder, keys, fleetUrl, flags } = by;
  const data = join(folder, 'api');
  await mkdir(data, { mode: 0o700 });
  const listen = `${host}:${await freePort()}`;
  const own = { ...flags, keys, data, listen, fleet: fleetUrl, gateway: `${host}:1` };
  const args = [programPath('api'), ...flagsOf(own)];
  const { process } = await launchProgram<object>('api', { args, logFile: join(folder, 'api.log') });
  const client = await createHubClient({ api: `https://${listen}`, dataDir: keys });
  await until(async () => (await client.call('getFleet')).clusters.total > 0, {
    what: 'the api to have read the fleet repository',
    timeoutMs: 120_000,
  });
  return { client, process };
}

function memberOf(number: number): { cluster: ClusterName; key: Digest } {
  const cluster = `sim-${String(number).padStart(5, '0')}` as ClusterName;
  return { cluster, key: `sha256:${createHash('sha256').update(cluster).digest('hex')}` as Digest };
}
