import type { WaveShape } from '@fairlead/testkit/simulator';
import { usual, type Bench, type BenchOptions } from '../bench.ts';
import { median, percentile, type Figure } from '../figure.ts';
import { published } from '../published.ts';
import { roundsOf, type Round } from '../round.ts';
import { readScenario } from '../scenario.ts';
import { setTheScene } from '../stage.ts';

const ceilings = { rollout: 3, wave: 1 };

/** The waves of a scenario, no soak. */
export const rollout: Bench = {
  name: 'rollout',
  of: 'clusters',
  rounds: 5,
  variants: [usual],
  summary:
    'as fanout, through the waves of --scenario: 20, 30 and 50 % of the clusters, half of each at a time. What a wave costs ' +
    "beside its clusters' own work is from the last receipt of one half to the first of the next",
  async *run(options) {
    for (const clusters of options.sizes) yield* measure(options, clusters);
  },
};

async function* measure(options: BenchOptions, clusters: number): AsyncGenerator<Figure> {
  const waves = await readScenario(options.scenario);
  const scene = await setTheScene(options, clusters, waves);
  try {
    const rounds = await roundsOf(scene, options);
    const steps = rounds.flatMap((round) => stepsOf(round, { clusters, waves }));
    yield {
      name: 'rollout',
      clusters,
      value: median(rounds.map(({ seconds }) => seconds)),
      unit: 's',
      ...(clusters === 100 && { ceiling: ceilings.rollout }),
      ...published('rollout', clusters),
      n: rounds.length,
      details: {
        worstS: Math.max(...rounds.map(({ seconds }) => seconds)),
        hubCpuMsPerCluster: median(rounds.map(({ hubCpuMs }) => hubCpuMs)) / clusters,
      },
    };
    yield {
      name: 'rollout.wave',
      clusters,
      value: Math.max(...steps),
      unit: 's at most between two steps',
      ...(clusters === 100 && { ceiling: ceilings.wave }),
      n: steps.length,
      p50: percentile(steps, 0.5),
      p99: percentile(steps, 0.99),
    };
  } finally {
    await scene.stop();
  }
}

/** Seconds from the last receipt of one part of a wave that goes at a time to the first of what comes after it. */
function stepsOf(
  { receiptsMs }: Round,
  { clusters, waves }: { readonly clusters: number; readonly waves: readonly WaveShape[] },
): number[] {
  let upTo = 0;
  const ends = waves.flatMap(({ percent, maxConcurrent }) => {
    const size = (clusters * percent) / 100;
    const atATime = Math.max(1, Math.floor((size * Number.parseInt(maxConcurrent, 10)) / 100));
    const begin = upTo;
    upTo += size;
    const parts = Array.from({ length: Math.ceil(size / atATime) }, (_, part) => begin + (part + 1) * atATime);
    return parts.map((end) => Math.min(end, upTo));
  });
  return ends.slice(0, -1).map((end) => ((receiptsMs[end] ?? Number.NaN) - (receiptsMs[end - 1] ?? Number.NaN)) / 1000);
}
