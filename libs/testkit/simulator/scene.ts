import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeys } from '@fairlead/adapters/pki';
import type { HubOptions } from '@fairlead/testkit/fleet';
import { startGitServer, type GitServer } from '@fairlead/testkit/git';
import { startNatsServer, type NatsServer } from '@fairlead/testkit/nats';
import { createEndings, removeFolderAtEnd } from '@fairlead/testkit/process';
import { startRolesApart } from './apart.ts';
import { calm, type Behaviour } from './behaviour.ts';
import { simulatedIdentities, type Identities, type SimulatedIdentity } from './identities.ts';
import type { HubToDial } from './protocol.ts';
import { changedFile, fleetFiles, sourceFiles, type FleetShape, type WaveShape } from './repository.ts';
import { startSimulator, type Simulator } from './simulator.ts';
import { startOneHub, type HubTier } from './tier.ts';

/** Options of {@link setScene}. */
export interface SceneOptions {
  readonly clusters: number;
  readonly applications?: number;
  /** Objects of each application; 20 by default. */
  readonly objects?: number;
  /** How the environment is rolled out to; one wave over everybody unless told. */
  readonly waves?: readonly WaveShape[];
  readonly behaviour?: Behaviour;
  /** How the agents reach the hub; gRPC by default. */
  readonly transport?: HubToDial['transport'];
  readonly processes?: number;
  readonly atOnce?: number;
  /** For Node in the processes of agents. */
  readonly nodeArguments?: readonly string[];
  /** One process on SQLite, or a process for each role on PostgreSQL and NATS; one unless told. */
  readonly layout?: 'one' | 'apart';
  /** More for the hub, such as where its store lies. */
  readonly hub?: Pick<HubOptions, 'flags' | 'nodeArguments' | 'graceMs'>;
  /** Hears what is under way, for people. */
  readonly tell?: (text: string) => void;
}

/** A git server, a hub and as many members as were asked for; no agent runs yet. */
export interface Scene {
  readonly folder: string;
  readonly git: GitServer;
  readonly hub: HubTier;
  readonly agents: readonly SimulatedIdentity[];
  /** How agents reach it. */
  readonly dial: HubToDial;
  /** The agents, or those that are named, begin to dial. */
  connect(agents?: readonly SimulatedIdentity[]): Simulator;
  /** Changes one object of the first application; resolves to the commit. */
  change(round: number): Promise<string>;
  /** Ends every process and removes every file. */
  stop(): Promise<void>;
}

/** Brings it all up. What was started is ended where a later part does not start. */
export async function setScene(options: SceneOptions): Promise<Scene> {
  const { clusters, applications = 1, objects = 20, transport = 'grpc', tell = () => undefined } = options;
  const endings = createEndings();
  const { stop } = endings;
  try {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-simulator-'));
    removeFolderAtEnd(folder);
    endings.add(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
    tell(`keys and certificates of ${clusters} clusters`);
    const { agents, authority, broker } = await simulatedIdentities({ count: clusters, nats: transport === 'nats' });
    const shape = { agents, applications, objects, ...(options.waves && { waves: options.waves }) };
    const dataDir = join(folder, 'hub');
    const dial = await layKeys(dataDir, authority);
    const nats = broker && (await startBroker(broker, dataDir));
    if (nats) endings.of(nats.server);
    tell('the git server, with the fleet and its source');
    const git = endings.of(await startRepositories(shape));
    tell('the hub');
    const start = options.layout === 'apart' ? startRolesApart : startOneHub;
    const tier = await start({
      folder,
      dataDir,
      fleetUrl: git.urlOf('fleet'),
      ...options.hub,
      ...(nats && { gatewayFlags: nats.flags }),
    });
    endings.of(tier);
    const hub = nats ? besideBroker(tier, nats.server) : tier;
    const reached: HubToDial = { ...dial, transport, address: nats?.server.url ?? hub.grpc };
    return {
      folder,
      git,
      hub,
      agents,
      stop,
      dial: reached,
      connect(among = agents) {
        const { behaviour = calm, processes, atOnce, nodeArguments = [] } = options;
        return endings.of(
          startSimulator({
            hub: reached,
            agents: among,
            behaviour,
            nodeArguments,
            ...(processes === undefined ? {} : { processes }),
            ...(atOnce === undefined ? {} : { atOnce }),
          }),
        );
      },
      async change(round) {
        const commit = await git.commit('source', { files: changedFile(round), message: `Round ${round}` });
        await hub.webhook(git.urlOf('source'));
        return commit;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startRepositories(shape: FleetShape): Promise<GitServer> {
  const git = await startGitServer();
  const sourceUrl = await git.createRepository('source');
  await git.createRepository('fleet');
  await git.commit('source', { files: sourceFiles(shape, 0), message: 'Begin' });
  await git.commit('fleet', { files: fleetFiles(shape, sourceUrl), message: 'Begin' });
  return git;
}

/** Gives a hub that has never run the authority of the simulated agents, in the folder of its keys. */
export async function layKeys(
  dataDir: string,
  authority: { readonly keyPem: string; readonly certificatePem: string },
): Promise<Pick<HubToDial, 'caPem' | 'verifyingKeys'>> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeFile(join(dataDir, 'ca.pem'), authority.certificatePem, { mode: 0o600 });
  await writeFile(join(dataDir, 'ca.key'), authority.keyPem, { mode: 0o600 });
  const { caPem, verifyingKeys } = await openKeys(dataDir, {
    names: ['localhost', '127.0.0.1'],
    now: () => Date.now(),
  });
  return { caPem, verifyingKeys };
}

/** A broker that knows the agents and the hub, and what the hub is told of it. */
async function startBroker(
  { folder, serverConfig, credentials }: NonNullable<Identities['broker']>,
  dataDir: string,
): Promise<{ readonly server: NatsServer; readonly flags: Readonly<Record<string, string>> }> {
  // Among them the key by which the hub signs agents' users; a real hub has no more of these files.
  await cp(folder, dataDir, { recursive: true });
  const server = await startNatsServer({ jetStream: false, config: serverConfig });
  return { server, flags: { 'agents-nats': server.url, 'agents-nats-credentials': credentials.gateways } };
}

/** The same hub, with the broker among the servers that it cannot be without. */
function besideBroker(hub: HubTier, server: NatsServer): HubTier {
  return Object.create(hub, {
    beside: { get: () => ({ ...hub.beside, broker: server.pid() ?? 0 }) },
  }) as HubTier;
}
