import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ensureBinary, type Log } from '@fairlead/adapters/binaries';
import { freePort, removeFolderAtEnd } from '@fairlead/testkit/process';
import { configText, type NatsPorts } from './config.ts';
import { runNats } from './running.ts';

/** Options of {@link startNatsServer}. */
export interface NatsServerOptions {
  /** The name that the server gives itself. */
  readonly name?: string;
  /** JetStream, with its files in the server's folder: on by default, false for core NATS only. */
  readonly jetStream?:
    | boolean
    | {
        /** Bytes that streams may take on disk; 1 GiB unless told. */
        readonly maxFileBytes?: number;
        /** Bytes that streams may take in memory; 256 MiB unless told. */
        readonly maxMemoryBytes?: number;
        /** How long acknowledged messages may lie outside the disk, such as `always` or `"10s"`. */
        readonly syncInterval?: string;
      };
  /** Listens for leaf nodes on the leaf port. */
  readonly leaf?: boolean;
  /** The client port speaks TLS. */
  readonly tls?: {
    readonly certFile: string;
    readonly keyFile: string;
    readonly caFile?: string;
    /** Asks clients for a certificate. */
    readonly verify?: boolean;
  };
  /** More of the configuration, as text: authorization, accounts, operator and resolver, leafnodes remotes. */
  readonly config?: string | ((ports: NatsPorts) => string);
  /** Takes the progress of download or build. */
  readonly log?: Log;
}

/** How to take a server down. */
export interface DownOptions {
  /** SIGTERM and up to this long, instead of SIGKILL at once. */
  readonly graceMs?: number;
}

/** A copy of the folder in which JetStream keeps its streams. */
export interface StoreCopy {
  readonly folder: string;
}

/** A real nats-server on loopback addresses. It keeps its ports over restarts. */
export interface NatsServer {
  /** `nats://127.0.0.1:PORT` (`tls://` with TLS). */
  readonly url: string;
  readonly ports: NatsPorts;
  /** Holds configuration, log and store. */
  readonly folder: string;
  readonly storeFolder: string;
  readonly logFile: string;
  /** Undefined while it is down. */
  pid(): number | undefined;
  /** Takes it down: SIGKILL unless told otherwise. Nothing happens where it is down. */
  down(options?: DownOptions): Promise<void>;
  /** Starts it again on the same ports; `config` takes the place of the options' text. Ready when this is fulfilled. */
  up(options?: { readonly config?: NatsServerOptions['config'] }): Promise<void>;
  /** Down, `whileDown`, up. */
  restart(options?: DownOptions & { readonly whileDown?: () => Promise<void> }): Promise<void>;
  /** Reads its configuration file again (SIGHUP), with this text in place of the options'. */
  reload(config: NatsServerOptions['config']): Promise<void>;
  /** Stops the process where it stands: connections stay open and answer nothing, until `resume`. */
  freeze(): void;
  resume(): void;
  /** Removes everything that JetStream keeps. Throws while the server is up. */
  wipeStore(): Promise<void>;
  /** Copies what JetStream keeps, while the server is up as well: then it is what a power cut might leave. */
  copyStore(): Promise<StoreCopy>;
  /** Sets what JetStream keeps back to the copy. Throws while the server is up. */
  setBackStore(copy: StoreCopy): Promise<void>;
  /** Asks a page of the monitoring port, such as `/jsz?streams=true`. */
  monitor(path: string): Promise<Record<string, unknown>>;
  /** Kills it and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const bootTries = 3;

async function freePorts(): Promise<NatsPorts> {
  return { client: await freePort(), leaf: await freePort(), monitoring: await freePort() };
}

/** What is asked of the server's folder while it is down, and in the case of a copy also while it runs. */
function storeOf(folder: string, pid: () => number | undefined) {
  const storeFolder = join(folder, 'store');
  let copies = 0;
  const mustBeDown = (what: string): void => {
    const running = pid();
    if (running !== undefined)
      throw new Error(`Cannot ${what}: nats-server runs as process ${running}. Take it down first.`);
  };
  return {
    storeFolder,
    async wipeStore(): Promise<void> {
      mustBeDown('wipe the store');
      await rm(storeFolder, { recursive: true, force: true });
    },
    async copyStore(): Promise<StoreCopy> {
      const copy = { folder: join(folder, `copy-${(copies += 1)}`) };
      await mkdir(storeFolder, { recursive: true });
      await cp(storeFolder, copy.folder, { recursive: true });
      return copy;
    },
    async setBackStore(copy: StoreCopy): Promise<void> {
      mustBeDown('set the store back');
      await rm(storeFolder, { recursive: true, force: true });
      await cp(copy.folder, storeFolder, { recursive: true });
    },
  };
}

async function create(options: NatsServerOptions): Promise<NatsServer> {
  const binary = await ensureBinary('nats-server', options.log ? { log: options.log } : {});
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-nats-'));
  removeFolderAtEnd(folder);
  const ports = await freePorts();
  const process = runNats({ binary, folder, monitoringPort: ports.monitoring });
  const store = storeOf(folder, process.pid);
  let inForce = options;
  const write = async (config: NatsServerOptions['config']): Promise<void> => {
    if (config !== undefined) inForce = { ...options, config };
    await writeFile(process.configFile, configText(inForce, { ports, storeFolder: store.storeFolder }), {
      mode: 0o600,
    });
  };
  const up: NatsServer['up'] = async ({ config } = {}) => {
    await write(config);
    await process.start();
  };
  const stop = async (): Promise<void> => {
    await process.stop({});
    await rm(folder, { recursive: true, force: true });
  };
  return {
    url: `${options.tls ? 'tls' : 'nats'}://127.0.0.1:${ports.client}`,
    ports,
    folder,
    logFile: process.logFile,
    pid: process.pid,
    ...store,
    down: (how = {}) => process.stop(how),
    up,
    async restart({ whileDown, ...how } = {}) {
      await process.stop(how);
      await whileDown?.();
      await up();
    },
    async reload(config) {
      await write(config);
      await process.reload();
    },
    freeze: () => process.signal('SIGSTOP'),
    resume: () => process.signal('SIGCONT'),
    monitor: (path) => process.monitor(path),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Starts a real nats-server of the pinned version; it answers when this is fulfilled, well under a second with a warm
 * binary. It ends with `stop`, or with this process at the latest. Throws, with the end of its log, when it does not
 * come up; nothing is left running then.
 */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  for (let attempt = 1; ; attempt += 1) {
    const server = await create(options);
    try {
      await server.up();
      return server;
    } catch (error) {
      await server.stop();
      // Another test may have taken a port between the look and the start.
      if (attempt >= bootTries || !/address already in use/.test(String(error))) throw error;
    }
  }
}
