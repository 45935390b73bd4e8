import { createApiClient } from './apiClient.ts';
import { type Component, componentCommand, type ComponentSettings } from './components.ts';
import type { Layout } from './layout.ts';
import { type ServerProcess, startProcess, tailOf } from '@fairlead/testkit/process';
import { until } from './until.ts';

/** What the servers of one control plane are started from. */
export interface ServerPlan {
  readonly layout: Layout;
  readonly settings: ComponentSettings;
  /** Paths of the programs, for those that this control plane has. */
  readonly binaries: Readonly<Partial<Record<Component, string>>>;
}

/** How to restart one server. */
export interface RestartOptions {
  /** SIGTERM and up to this long, instead of SIGKILL at once. */
  readonly graceMs?: number;
  /** Runs while the server is down. */
  readonly whileDown?: () => Promise<void>;
}

/** The running servers of one control plane. */
export interface Servers {
  start(component: Component): Promise<void>;
  /** Stops, runs `whileDown`, starts again at the same address and waits until it is ready. */
  restart(component: Component, options?: RestartOptions): Promise<void>;
  /** Process ids of what runs, by component. */
  pids(): Partial<Record<Component, number>>;
  stopAll(options?: { graceMs?: number }): Promise<void>;
}

/** The server ended while it was waited for; its address may have been taken. */
export class ServerEnded extends Error {
  override readonly name = 'ServerEnded';
  readonly addressInUse: boolean;

  constructor(process: ServerProcess, options: { how: string; tail: string }) {
    super(`Cannot start ${process.name}: it ${options.how}. The end of ${process.logFile}:\n${options.tail}`);
    this.addressInUse = /address already in use/.test(options.tail);
  }
}

const readyTimeoutMs = 60_000;
const readyPollMs = 25;

async function etcdIsReady(layout: Layout): Promise<boolean> {
  const answer = await fetch(`${layout.etcdUrl}/health`, { signal: AbortSignal.timeout(2_000) });
  return answer.ok;
}

async function apiServerIsReady(layout: Layout): Promise<boolean> {
  const api = createApiClient(layout, layout.admin);
  try {
    return (await api.request('GET', '/readyz', { timeoutMs: 5_000 })) === 'ok';
  } finally {
    api.close();
  }
}

/** Whether one look says ready; the others are ready when what they do shows, which their starter waits for. */
const probes: Partial<Record<Component, (layout: Layout) => Promise<boolean>>> = {
  etcd: etcdIsReady,
  'kube-apiserver': apiServerIsReady,
};

async function waitUntilReady(server: ServerProcess, options: { layout: Layout; component: Component }): Promise<void> {
  const probe = probes[options.component];
  if (!probe) return;
  const ready = new AbortController();
  const died = server.ended.then(async (how) => {
    if (ready.signal.aborted) return;
    throw new ServerEnded(server, { how, tail: await tailOf(server.logFile) });
  });
  const answered = until(() => !server.isRunning() || probe(options.layout), {
    what: `${server.name} to be ready (its log: ${server.logFile})`,
    timeoutMs: readyTimeoutMs,
    pollMs: readyPollMs,
  });
  try {
    await Promise.race([died, answered]);
    if (!server.isRunning()) await died;
  } finally {
    ready.abort();
  }
}

/** Makes the (still empty) set of servers of a plan. */
export function createServers(plan: ServerPlan): Servers {
  const { layout, settings, binaries } = plan;
  const running = new Map<Component, ServerProcess>();

  async function start(component: Component): Promise<void> {
    const binary = binaries[component];
    if (!binary) throw new Error(`Cannot start ${component}: control plane ${layout.name} was made without it`);
    const server = await startProcess(componentCommand(component, { layout, settings, binary }));
    running.set(component, server);
    await waitUntilReady(server, { layout, component });
  }

  async function stop(component: Component, options: { graceMs?: number }): Promise<void> {
    const server = running.get(component);
    running.delete(component);
    await server?.stop(options);
  }

  return {
    start,
    async restart(component, options = {}) {
      await stop(component, { graceMs: options.graceMs ?? 0 });
      await options.whileDown?.();
      await start(component);
    },
    pids: () =>
      Object.fromEntries(
        [...running].filter(([, server]) => server.isRunning()).map(([name, server]) => [name, server.pid]),
      ),
    async stopAll(options = {}) {
      // Clients before servers, so that none fills its log with complaints about the other's end.
      const clients = (['kwok', 'kube-scheduler', 'kube-controller-manager'] as const).map((name) =>
        stop(name, options),
      );
      await Promise.all(clients);
      await stop('kube-apiserver', options);
      await stop('etcd', options);
    },
  };
}
