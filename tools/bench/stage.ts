import { until } from '@fairlead/testkit/kube';
import {
  calm,
  cpuMsOfServers,
  firstApplication,
  preciseNow,
  setScene,
  usageOfAll,
  type Scene,
  type Simulator,
  type WaveShape,
} from '@fairlead/testkit/simulator';
import type { BenchOptions } from './bench.ts';

/** How long a fleet may take to come up: not what is measured. */
const patienceMs = 600_000;

/** Sets the scene as the options say, without agents; one wave over everybody unless told. */
export function setTheScene(options: BenchOptions, clusters: number, waves?: readonly WaveShape[]): Promise<Scene> {
  const { hubProfile, simulatorProfile, processes, seed, tell, transport, layout } = options;
  return setScene({
    clusters,
    processes,
    transport,
    layout,
    ...(waves && { waves }),
    behaviour: { ...calm, seed },
    tell: (text) => tell(`${clusters}: ${text}`),
    nodeArguments: profiling(simulatorProfile),
    hub: { graceMs: 60_000, nodeArguments: profiling(hubProfile) },
  });
}

function profiling(folder: string | undefined): string[] {
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** Connects every agent and waits until all have the first release. */
export async function connectAll(scene: Scene, { tell }: BenchOptions): Promise<Simulator> {
  const wanted = scene.agents.length;
  const simulator = scene.connect();
  const startedMs = performance.now();
  await simulator.until(({ connected }) => connected === wanted, {
    what: 'every agent to connect',
    timeoutMs: patienceMs,
  });
  tell(`${wanted}: all connected after ${seconds(startedMs)} s`);
  await simulator.until(({ states }) => (states['Healthy'] ?? 0) === wanted, {
    what: 'every cluster to have the first release',
    timeoutMs: patienceMs,
  });
  await untilStored(scene);
  tell(`${wanted}: all in sync and healthy after ${seconds(startedMs)} s`);
  return simulator;
}

/** Waits until the hub itself says so: what an agent has sent may not be stored yet. */
export async function untilStored(scene: Scene): Promise<void> {
  const wanted = scene.agents.length;
  await until(
    async () => {
      const { pipeline } = await scene.hub.client.call('getApplication', { path: firstApplication });
      return pipeline.every(({ healthy, rollout }) => healthy === wanted && rollout === 'Over');
    },
    { what: 'the hub to have stored every status', timeoutMs: patienceMs, pollMs: 250 },
  );
}

function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1000).toFixed(1);
}

/** CPU and traffic of both sides at a moment; two of them give what happened in between. */
export interface Reading {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly hubCpuMs: number;
  /** Of PostgreSQL and NATS, where the hub has them. */
  readonly besideCpuMs: number;
  readonly hubRssBytes: number;
  readonly besideRssBytes: number;
  readonly simulatorCpuMs: number;
  readonly bytes: number;
  readonly objectsMessages: number;
  /** How often an agent began to apply an application. */
  readonly applied: number;
  readonly messages: number;
}

/** Takes a reading. */
export async function readingOf(scene: Scene, simulator: Simulator): Promise<Reading> {
  const tally = await simulator.fresh();
  const hub = await usageOfAll(scene.hub.pids);
  return {
    hubCpuMs: hub.cpuMs,
    besideCpuMs: await cpuMsOfServers(scene.hub.beside),
    hubRssBytes: hub.rssBytes,
    besideRssBytes: (await usageOfAll(scene.hub.beside)).rssBytes,
    simulatorCpuMs: tally.cpuMs,
    bytes: tally.bytes.in + tally.bytes.out,
    objectsMessages: tally.received['Objects'] ?? 0,
    applied: Object.entries(tally.marks).reduce(
      (sum, [name, { count }]) => sum + (name.startsWith('Applying:') ? count : 0),
      0,
    ),
    messages: [tally.sent, tally.received].flatMap((kinds) => Object.values(kinds)).reduce((sum, one) => sum + one, 0),
    atMs: preciseNow(),
  };
}
