import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGitServer, type FileContent, type GitServer } from '@fairlead/testkit/git';
import { startControlPlane, type ControlPlane, type ControlPlaneOptions } from '@fairlead/testkit/kube';
import { createEndings, removeFolderAtEnd } from '@fairlead/testkit/process';
import type { AgentProcess } from './agent.ts';
import { startHub, type Hub } from './hub.ts';
import { joinCluster, untilConnected, type JoinOptions } from './join.ts';

/** One cluster of a {@link fleetFixture}. */
export interface ClusterOptions extends Omit<ControlPlaneOptions, 'dataDir' | 'ports'> {
  readonly labels: Readonly<Record<string, string>>;
  /** Which way its agent's stream goes; gRPC unless told. */
  readonly transport?: JoinOptions['transport'];
}

/** Files of a repository, given the address of the git server that will hold it. */
export type Repository = (gitUrl: string) => Readonly<Record<string, FileContent>>;

/** Options of {@link fleetFixture}. */
export interface FleetOptions {
  readonly clusters: readonly ClusterOptions[];
  /** By name. */
  readonly repositories: Readonly<Record<string, Repository>>;
  /** Which of them is the fleet repository; `fleet` unless told. */
  readonly fleetRepository?: string;
  /** Milliseconds between two looks of the hub at git; 5000 by default. */
  readonly pollMs?: number;
  /** Called with the hub's folder before the hub is started; gives more of its flags. */
  readonly beforeHub?: (dataDir: string) => Promise<Readonly<Record<string, string>>>;
  /** For the hub's Node itself, at each of its starts. */
  readonly hubNodeArguments?: readonly string[];
}

/** A cluster and its agent. */
export interface Member {
  readonly plane: ControlPlane;
  readonly agent: AgentProcess;
}

/** A whole fleet of real processes on this machine. */
export interface Fleet {
  /** Logs of hub and agents lie here. */
  readonly folder: string;
  readonly git: GitServer;
  readonly hub: Hub;
  /** Throws for a name that is not of this fleet. */
  member(name: string): Member;
  /** Commits to a repository and rings the hub's webhook. */
  push(repository: string, change: { files: Record<string, FileContent>; message: string }): Promise<string>;
  /** Ends every process and removes every file. Safe to call twice. */
  stop(): Promise<void>;
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-fleet-'));
  removeFolderAtEnd(folder);
  return folder;
}

async function startGit(repositories: FleetOptions['repositories']): Promise<GitServer> {
  const git = await startGitServer();
  for (const [name, files] of Object.entries(repositories)) {
    await git.createRepository(name);
    await git.commit(name, { files: files(git.url), message: `Begin ${name}` });
  }
  return git;
}

async function startMember(
  cluster: ClusterOptions,
  { plane, hub, folder }: { plane: ControlPlane; hub: Hub; folder: string },
): Promise<Member> {
  const agentFolder = join(folder, cluster.name);
  await mkdir(agentFolder, { recursive: true, mode: 0o700 });
  const { labels, transport } = cluster;
  const agent = await joinCluster({ hub, plane, labels, folder: agentFolder, ...(transport && { transport }) });
  await untilConnected(hub, cluster.name);
  return { plane, agent };
}

/**
 * Starts control planes, a git server, the hub and an agent for each cluster, all connected when this is fulfilled. When
 * something does not start, what ran is ended first. Everything ends with `stop`, or with this process at the latest.
 */
export async function fleetFixture(options: FleetOptions): Promise<Fleet> {
  const endings = createEndings();
  const { stop } = endings;
  try {
    const folder = await makeFolder();
    endings.add(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
    const booting = options.clusters.map((cluster) => startControlPlane(cluster));
    for (const boot of booting)
      endings.add(() =>
        boot.then(
          (plane) => plane.stop(),
          () => undefined,
        ),
      );
    const git = endings.of(await startGit(options.repositories));
    const planes = await Promise.all(booting);
    const hub = endings.of(
      await startHub({
        fleetUrl: git.urlOf(options.fleetRepository ?? 'fleet'),
        dataDir: join(folder, 'hub'),
        flags: (await options.beforeHub?.(join(folder, 'hub'))) ?? {},
        logFile: join(folder, 'hub.log'),
        ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
        ...(options.hubNodeArguments && { nodeArguments: options.hubNodeArguments }),
      }),
    );
    const members = new Map<string, Member>();
    for (const [n, cluster] of options.clusters.entries()) {
      const member = await startMember(cluster, { plane: planes[n] as ControlPlane, hub, folder });
      endings.of(member.agent);
      members.set(cluster.name, member);
    }
    return fleetOf({ folder, git, hub, members, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

function fleetOf(parts: {
  readonly folder: string;
  readonly git: GitServer;
  readonly hub: Hub;
  readonly members: ReadonlyMap<string, Member>;
  readonly stop: () => Promise<void>;
}): Fleet {
  const { folder, git, hub, members, stop } = parts;
  return {
    folder,
    git,
    hub,
    stop,
    member(name) {
      const found = members.get(name);
      if (!found) throw new Error(`Cannot find the cluster ${name}: the fleet has ${[...members.keys()].join(', ')}`);
      return found;
    },
    async push(repository, change) {
      const commit = await git.commit(repository, change);
      await hub.client.webhook(git.urlOf(repository));
      return commit;
    },
  };
}
