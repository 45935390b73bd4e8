import { usual, type Bench, type BenchOptions } from '../bench.ts';
import { median, percentile, type Figure } from '../figure.ts';
import { published } from '../published.ts';
import { roundsOf, type Round } from '../round.ts';
import { setTheScene } from '../stage.ts';

/** Seconds that the fan-out may take, by the number of clusters. */
const ceilings: Readonly<Record<number, number>> = { 100: 0.5, 1_000: 2, 10_000: 10 };

/** One application, one of its 20 objects changed, one wave, everybody at once. */
export const fanout: Bench = {
  name: 'fanout',
  of: 'clusters',
  rounds: 5,
  variants: [usual, { ...usual, transport: 'nats' }, { ...usual, layout: 'apart' }],
  summary:
    'from the ledger push, as the git server saw it end, to the line of the journal that says that every cluster runs ' +
    'the new release and is healthy: the hub has stored the last receipt by then',
  async *run(options) {
    const medians: { clusters: number; seconds: number }[] = [];
    for (const clusters of options.sizes) {
      const figure = await measure(options, clusters);
      medians.push({ clusters, seconds: figure.value });
      yield figure;
    }
    // From each size to the next: a line from the first to the last would hide a bend.
    for (const [at, to] of medians.entries()) {
      const from = medians[at - 1];
      if (!from) continue;
      yield {
        name: 'fanout.slope',
        clusters: to.clusters,
        value: ((to.seconds - from.seconds) / (to.clusters - from.clusters)) * 1e6,
        unit: 'µs per cluster more',
        details: { from: from.clusters },
      };
    }
  },
};

async function measure(options: BenchOptions, clusters: number): Promise<Figure> {
  const scene = await setTheScene(options, clusters);
  try {
    return figureOf(clusters, await roundsOf(scene, options));
  } finally {
    await scene.stop();
  }
}

function figureOf(clusters: number, rounds: readonly Round[]): Figure {
  const ceiling = ceilings[clusters];
  const receipts = rounds.flatMap(({ receiptsMs }) => receiptsMs);
  return {
    name: 'fanout',
    clusters,
    value: median(rounds.map(({ seconds }) => seconds)),
    unit: 's',
    ...(ceiling === undefined ? {} : { ceiling }),
    ...published('fanout', clusters),
    n: rounds.length,
    p50: percentile(receipts, 0.5) / 1000,
    p99: percentile(receipts, 0.99) / 1000,
    details: {
      worstS: Math.max(...rounds.map(({ seconds }) => seconds)),
      hubCpuMsPerCluster: median(rounds.map(({ hubCpuMs }) => hubCpuMs)) / clusters,
      besideCpuMsPerCluster: median(rounds.map(({ besideCpuMs }) => besideCpuMs)) / clusters,
      simulatorCpuMsPerCluster: median(rounds.map(({ simulatorCpuMs }) => simulatorCpuMs)) / clusters,
      bytesPerCluster: median(rounds.map(({ bytes }) => bytes)) / clusters,
    },
  };
}
