import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type ServerProcess, startProcess, tailOf } from '@fairlead/testkit/process';
import { until } from '@fairlead/testkit/kube';

/** What the process of a server is started from. */
export interface NatsProcessPlan {
  readonly binary: string;
  readonly folder: string;
  readonly monitoringPort: number;
}

/** The process of one nats-server, which comes and goes. */
export interface NatsProcess {
  readonly configFile: string;
  readonly logFile: string;
  pid(): number | undefined;
  /** Starts it by its configuration file and waits until it is ready. Throws with the end of its log. */
  start(): Promise<void>;
  stop(options: { readonly graceMs?: number }): Promise<void>;
  reload(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  monitor(path: string): Promise<Record<string, unknown>>;
}

const readyTimeoutMs = 30_000;
const readyPollMs = 20;
const answerTimeoutMs = 5_000;

/** Makes the (still absent) process of a plan. */
export function runNats(plan: NatsProcessPlan): NatsProcess {
  const configFile = join(plan.folder, 'nats.conf');
  const logFile = join(plan.folder, 'nats.log');
  let server: ServerProcess | undefined;
  const running = (): ServerProcess | undefined => (server?.isRunning() ? server : undefined);

  const ask = (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${plan.monitoringPort}${path}`, { signal: AbortSignal.timeout(answerTimeoutMs) });

  const signal = (name: NodeJS.Signals): void => {
    const now = running();
    if (!now) throw new Error(`Cannot send ${name} to nats-server: it is down. Start it first.`);
    process.kill(now.pid, name);
  };

  return {
    configFile,
    logFile,
    pid: () => running()?.pid,
    async start() {
      if (running()) throw new Error('Cannot start nats-server: it runs already.');
      const started = await startProcess({
        name: 'nats-server',
        file: plan.binary,
        arguments: ['--config', configFile],
        logFile,
      });
      server = started;
      const up = await until(async () => !started.isRunning() || (await ask('/healthz')).ok, {
        what: `nats-server to be ready (its log: ${logFile})`,
        timeoutMs: readyTimeoutMs,
        pollMs: readyPollMs,
      });
      if (up && started.isRunning()) return;
      throw new Error(
        `Cannot start nats-server: it ${await started.ended}. The end of ${logFile}:\n${await tailOf(logFile)}`,
      );
    },
    async stop(options) {
      const last = server;
      server = undefined;
      await last?.stop(options);
    },
    async reload() {
      const reloads = async (): Promise<number> => (await readFile(logFile, 'utf8')).split('Reloaded server').length;
      const before = await reloads();
      signal('SIGHUP');
      await until(async () => (await reloads()) > before, { what: 'nats-server to reload', pollMs: readyPollMs });
    },
    signal,
    monitor: async (path) => (await ask(path)).json() as Promise<Record<string, unknown>>,
  };
}
