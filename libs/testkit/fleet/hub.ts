import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureTool } from '@fairlead/adapters/binaries';
import { freePort } from '@fairlead/testkit/process';
import { createHubClient, type HubClient } from './hubClient.ts';
import { flagsOf, launchProgram } from './launch.ts';
import { programPath } from './programs.ts';

/** Options of {@link startHub}. */
export interface HubOptions {
  readonly fleetUrl: string;
  /** Keys, store and copies of repositories; made when missing, kept after the end. */
  readonly dataDir: string;
  /** Where its log goes. */
  readonly logFile: string;
  /** 5000 by default: the product's own default. */
  readonly pollMs?: number;
  readonly branch?: string;
  /** More flags of the hub by name, such as `store`. */
  readonly flags?: Readonly<Record<string, string>>;
  /** For Node itself, such as `--cpu-prof`. */
  readonly nodeArguments?: readonly string[];
  /** How long it may take to end by itself; 10 s by default. */
  readonly graceMs?: number;
}

/** A hub in a process of its own. */
export interface Hub {
  readonly api: string;
  /** `HOST:PORT` of the agents' streams. */
  readonly grpc: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly client: HubClient;
  /** Its process; another one after each start. */
  readonly pid: number;
  isRunning(): boolean;
  /** SIGKILL: nothing is said goodbye to. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL where that does not end it in time. */
  stop(): Promise<void>;
  /** Starts it again on the same data, at the same addresses; `clockAheadMs` moves its clock. */
  start(options?: { readonly clockAheadMs?: number }): Promise<void>;
}

/** What the hub says of itself once it is ready. */
interface Ready {
  readonly api: string;
  readonly grpc: string;
}

const defaultGraceMs = 10_000;

async function argumentsOf(options: HubOptions, ports: { api: number; grpc: number }): Promise<string[]> {
  const [kustomize, helm] = [await ensureTool('kustomize'), await ensureTool('helm')];
  const flags = {
    fleet: options.fleetUrl,
    branch: options.branch ?? 'main',
    data: options.dataDir,
    listen: `127.0.0.1:${ports.api}`,
    grpc: `127.0.0.1:${ports.grpc}`,
    'poll-ms': String(options.pollMs ?? 5_000),
    kustomize: `${kustomize.version}=${kustomize.path}`,
    helm: `${helm.version}=${helm.path}`,
    ...options.flags,
  };
  return [...(options.nodeArguments ?? []), programPath('hub'), ...flagsOf(flags)];
}

/** Starts the bundled hub on loopback, with the pinned kustomize and helm; ready when this is fulfilled. */
export async function startHub(options: HubOptions): Promise<Hub> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const args = await argumentsOf(options, { api: await freePort(), grpc: await freePort() });
  let running = await launchProgram<Ready>('hub', { args, logFile: options.logFile });
  const { ready } = running;
  const client = await createHubClient({ api: ready.api, dataDir: options.dataDir });
  return {
    api: ready.api,
    grpc: ready.grpc,
    dataDir: options.dataDir,
    logFile: options.logFile,
    client,
    get pid() {
      return running.process.pid;
    },
    isRunning: () => running.process.isRunning(),
    kill: () => running.process.stop(),
    async stop() {
      client.close();
      await running.process.stop({ graceMs: options.graceMs ?? defaultGraceMs });
    },
    async start({ clockAheadMs = 0 } = {}) {
      running = await launchProgram<Ready>('hub', { args, logFile: options.logFile, clockAheadMs });
    },
  };
}

/** Names of what lies in a hub's data folder. */
export function hubFile(hub: Pick<Hub, 'dataDir'>, name: string): string {
  return join(hub.dataDir, name);
}
