import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureTool } from '@fairlead/adapters/binaries';
import { freePort, startProcess, tailOf, type ServerProcess } from '@fairlead/testkit/process';
import { createHubClient, type HubClient } from './hubClient.ts';
import { programEnvironment, programPath } from './programs.ts';

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

/** The line that the hub says once it is ready. */
interface Ready {
  readonly ready: true;
  readonly api: string;
  readonly grpc: string;
}

const readyTimeoutMs = 60_000;
const defaultGraceMs = 10_000;

function readyOf(line: string): Ready | undefined {
  try {
    const said = JSON.parse(line) as Ready;
    return said.ready ? said : undefined;
  } catch {
    return undefined;
  }
}

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
  return [
    ...(options.nodeArguments ?? []),
    programPath('hub'),
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
  ];
}

/** What Node loads first: a clock that is ahead by so much. */
function movedClock(aheadMs: number): string {
  const script = `const now = Date.now; Date.now = () => now() + ${aheadMs};`;
  return `--import=data:text/javascript,${encodeURIComponent(script)}`;
}

async function launch(
  args: readonly string[],
  { logFile, clockAheadMs = 0 }: { logFile: string; clockAheadMs?: number },
): Promise<{ process: ServerProcess; ready: Ready }> {
  const said = Promise.withResolvers<Ready>();
  const process = await startProcess({
    name: 'hub',
    file: globalThis.process.execPath,
    arguments: args,
    logFile,
    env: programEnvironment(clockAheadMs === 0 ? {} : { NODE_OPTIONS: movedClock(clockAheadMs) }),
    onLine(line) {
      const ready = readyOf(line);
      if (ready) said.resolve(ready);
    },
  });
  const failed = async (how: string): Promise<never> => {
    throw new Error(`Cannot start the hub: it ${how}. The end of ${logFile}:\n${await tailOf(logFile)}`);
  };
  const late = AbortSignal.timeout(readyTimeoutMs);
  const timedOut = new Promise<string>((resolve) => {
    late.addEventListener('abort', () => resolve(`was not ready in ${readyTimeoutMs} ms`), { once: true });
  });
  const ready = await Promise.race([said.promise, Promise.race([process.ended, timedOut]).then(failed)]);
  return { process, ready };
}

/** Starts the bundled hub on loopback, with the pinned kustomize and helm; ready when this is fulfilled. */
export async function startHub(options: HubOptions): Promise<Hub> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const args = await argumentsOf(options, { api: await freePort(), grpc: await freePort() });
  let running = await launch(args, options);
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
      running = await launch(args, { logFile: options.logFile, clockAheadMs });
    },
  };
}

/** Names of what lies in a hub's data folder. */
export function hubFile(hub: Pick<Hub, 'dataDir'>, name: string): string {
  return join(hub.dataDir, name);
}
