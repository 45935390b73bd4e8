import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  joinCluster,
  startHubApart,
  untilConnected,
  type AgentProcess,
  type HubApart,
  type RoleProcess,
} from '@fairlead/testkit/fleet';
import { startGitServer, type FileContent, type GitServer } from '@fairlead/testkit/git';
import { startControlPlane, until, type ControlPlane } from '@fairlead/testkit/kube';
import { startNatsServer, type NatsServer } from '@fairlead/testkit/nats';
import { startPostgres, type PostgresServer } from '@fairlead/testkit/postgres';
import { createEndings, removeFolderAtEnd } from '@fairlead/testkit/process';

/** A fleet whose hub's roles run apart. */
export interface FleetApart {
  readonly folder: string;
  readonly git: GitServer;
  readonly postgres: PostgresServer;
  readonly nats: NatsServer;
  readonly hub: HubApart;
  /** By name. */
  readonly planes: ReadonlyMap<string, ControlPlane>;
  /** By the name of their cluster. */
  readonly agents: ReadonlyMap<string, AgentProcess>;
  /** Commits to a repository and rings a webhook. */
  push(repository: string, change: { files: Record<string, FileContent>; message: string }): Promise<string>;
  stop(): Promise<void>;
}

/** Two of each role over a real PostgreSQL and a real nats-server, a git server, and control planes with agents. */
export async function startFleetApart(options: {
  readonly clusters: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
  readonly repositories: Readonly<Record<string, (gitUrl: string) => Readonly<Record<string, FileContent>>>>;
}): Promise<FleetApart> {
  const endings = createEndings();
  const { stop } = endings;
  try {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-apart-'));
    removeFolderAtEnd(folder);
    endings.add(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
    const [postgres, nats, git] = [
      endings.of(await startPostgres({ durable: true })),
      endings.of(await startNatsServer({ jetStream: {} })),
      endings.of(await startGitServer()),
    ];
    const planes = new Map<string, ControlPlane>();
    const agents = new Map<string, AgentProcess>();
    for (const { name } of options.clusters) planes.set(name, endings.of(await startControlPlane({ name })));
    for (const [name, files] of Object.entries(options.repositories)) {
      await git.createRepository(name);
      await git.commit(name, { files: files(git.url), message: `Begin ${name}` });
    }
    const hub = endings.of(
      await startHubApart({
        fleetUrl: git.urlOf('fleet'),
        folder,
        store: await postgres.createDatabase(),
        bus: nats.url,
      }),
    );
    for (const { name, labels } of options.clusters) {
      const own = join(folder, name);
      await mkdir(own, { recursive: true, mode: 0o700 });
      const plane = planes.get(name) as ControlPlane;
      agents.set(name, endings.of(await joinCluster({ hub, plane, labels, folder: own })));
      await untilConnected(hub, name);
    }
    const push: FleetApart['push'] = async (repository, change) => {
      const commit = await git.commit(repository, change);
      await hub.client.webhook(git.urlOf(repository));
      return commit;
    };
    return { folder, git, postgres, nats, hub, planes, agents, push, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The planner that says in its log that it leads, once there is one among these. */
export async function untilLeading(planners: readonly RoleProcess[]): Promise<RoleProcess> {
  const found = await until(
    async () => {
      for (const planner of planners) {
        const lines = (await readFile(planner.logFile, 'utf8')).split('\n');
        const last = lines.findLast((line) => line.includes('"this planner leads'));
        if (last?.includes(planner.instance) && last.includes('"this planner leads"')) return planner;
      }
      return false;
    },
    { what: 'a planner to lead', timeoutMs: 60_000, pollMs: 50 },
  );
  return found;
}
