import { setTimeout as pause } from 'node:timers/promises';
import { pssOf, usageOfAll, type Scene } from '@fairlead/testkit/simulator';
import { usual, type Bench, type BenchOptions } from '../bench.ts';
import type { Figure } from '../figure.ts';
import { connectAll, readingOf, setTheScene, type Reading } from '../stage.ts';

/** What one idle cluster may take of the hub. */
const ceilings = { kilobytes: 150, millicores: 0.05, kilobytesAnHour: 10 } as const;
/** Two heartbeats and two pings of each agent. */
const watchedMs = 240_000;
/** After the last change, so that what is left of it is over. */
const settleMs = 30_000;

/** Agents that are connected and have nothing to say. */
export const idle: Bench = {
  name: 'idle',
  of: 'clusters',
  rounds: 1,
  variants: [usual, { ...usual, transport: 'nats' }],
  summary:
    'memory of the hub above that of the same hub without clusters, its CPU time, and the bytes on the sockets, over ' +
    `${watchedMs / 1000} s in which nothing happens (two heartbeats)`,
  async *run(options) {
    const empty = await memoryWithoutClusters(options);
    for (const clusters of options.sizes) yield* await measure(options, { clusters, empty });
  },
};

interface Memory {
  readonly rssBytes: number;
  readonly pssBytes: number;
}

async function memoryOf({ hub }: Scene): Promise<Memory> {
  const { rssBytes } = await usageOfAll(hub.pids);
  const shares = await Promise.all(Object.values(hub.pids).map(pssOf));
  return { rssBytes, pssBytes: shares.reduce<number>((sum, one) => sum + (one ?? 0), 0) };
}

async function memoryWithoutClusters(options: BenchOptions): Promise<Memory> {
  const scene = await setTheScene(options, 0);
  try {
    await pause(settleMs);
    return await memoryOf(scene);
  } finally {
    await scene.stop();
  }
}

async function measure(
  options: BenchOptions,
  { clusters, empty }: { clusters: number; empty: Memory },
): Promise<Figure[]> {
  const scene = await setTheScene(options, clusters);
  try {
    const simulator = await connectAll(scene, options);
    await pause(settleMs);
    options.tell(`${clusters}: nothing happens for ${watchedMs / 1000} s`);
    const before = await readingOf(scene, simulator);
    await pause(watchedMs);
    const after = await readingOf(scene, simulator);
    return figuresOf(clusters, { before, after, memory: await memoryOf(scene), empty });
  } finally {
    await scene.stop();
  }
}

function figuresOf(
  clusters: number,
  seen: { readonly before: Reading; readonly after: Reading; readonly memory: Memory; readonly empty: Memory },
): Figure[] {
  const { before, after, memory, empty } = seen;
  const forMs = after.atMs - before.atMs;
  const each = (bytes: number): number => bytes / clusters / 1024;
  return [
    {
      name: 'idle.memory',
      clusters,
      value: each(memory.rssBytes - empty.rssBytes),
      unit: 'KiB per cluster',
      ceiling: ceilings.kilobytes,
      details: {
        pssKibPerCluster: each(memory.pssBytes - empty.pssBytes),
        hubRssMib: memory.rssBytes / 2 ** 20,
        emptyHubRssMib: empty.rssBytes / 2 ** 20,
        besideRssMib: after.besideRssBytes / 2 ** 20,
      },
    },
    {
      name: 'idle.cpu',
      clusters,
      value: ((after.hubCpuMs - before.hubCpuMs) / forMs / clusters) * 1000,
      unit: 'millicores per cluster',
      ceiling: ceilings.millicores,
      details: {
        hubMillicores: ((after.hubCpuMs - before.hubCpuMs) / forMs) * 1000,
        besideMillicores: ((after.besideCpuMs - before.besideCpuMs) / forMs) * 1000,
        simulatorMillicores: ((after.simulatorCpuMs - before.simulatorCpuMs) / forMs) * 1000,
      },
    },
    {
      name: 'idle.wire',
      clusters,
      value: (each(after.bytes - before.bytes) * 3_600_000) / forMs,
      unit: 'KiB per hour and cluster',
      ceiling: ceilings.kilobytesAnHour,
      details: { watchedS: forMs / 1000, messages: after.messages - before.messages },
    },
  ];
}
