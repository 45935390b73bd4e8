import { followJournal, type Journal, type Scene, type Simulator } from '@fairlead/testkit/simulator';
import { usual, type Bench, type BenchOptions } from '../bench.ts';
import { median, percentile, type Figure } from '../figure.ts';
import { published } from '../published.ts';
import { connectAll, readingOf, setTheScene } from '../stage.ts';

/** Seconds that the fan-out may take, by the number of clusters. */
const ceilings: Readonly<Record<number, number>> = { 100: 0.5, 1_000: 2, 10_000: 10 };
const patienceMs = 300_000;

/** One application, one of its 20 objects changed, one wave, everybody at once. */
export const fanout: Bench = {
  name: 'fanout',
  variants: [usual, { ...usual, transport: 'nats' }, { ...usual, layout: 'apart' }],
  summary:
    'from the ledger push, as the git server saw it end, to the line of the journal that says that every cluster runs ' +
    'the new release and is healthy: the hub has stored the last receipt by then',
  async *run(options) {
    const medians: { clusters: number; seconds: number }[] = [];
    for (const clusters of options.clusters) {
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

interface Round {
  readonly seconds: number;
  /** From the push to each cluster's own receipt leaving it. */
  readonly receiptsMs: readonly number[];
  readonly hubCpuMs: number;
  /** Of PostgreSQL and NATS, where the hub has them. */
  readonly besideCpuMs: number;
  readonly simulatorCpuMs: number;
  readonly bytes: number;
}

async function measure(options: BenchOptions, clusters: number): Promise<Figure> {
  const scene = await setTheScene(options, clusters);
  try {
    const simulator = await connectAll(scene, options);
    const journal = await followJournal(scene.hub);
    const rounds: Round[] = [];
    for (let number = 1; number <= options.rounds; number += 1) {
      const round = await oneRound({ scene, simulator, journal, number });
      options.tell(`${clusters}: round ${number} took ${round.seconds.toFixed(3)} s, hub ${round.hubCpuMs} ms of CPU`);
      rounds.push(round);
    }
    journal.close();
    return figureOf(clusters, rounds);
  } finally {
    await scene.stop();
  }
}

async function oneRound(by: {
  readonly scene: Scene;
  readonly simulator: Simulator;
  readonly journal: Journal;
  readonly number: number;
}): Promise<Round> {
  const { scene, simulator, journal, number } = by;
  const pushes = new Map<string, number>();
  const stopHearing = scene.git.onRefUpdate(({ repository, after, atMs }) => {
    if (repository === 'fleet' && after !== undefined) pushes.set(after, atMs);
  });
  const before = await readingOf(scene, simulator);
  await scene.change(number);
  const over = await journal.next(({ type, attempt }) => type === 'RolloutOver' && pushes.has(attempt ?? ''), {
    what: `round ${number} to be over`,
    timeoutMs: patienceMs,
  });
  stopHearing();
  const attempt = over.attempt ?? '';
  const pushedMs = pushes.get(attempt) ?? Number.NaN;
  const all = scene.agents.length;
  await simulator.until(({ marks }) => marks[`Healthy:${attempt}`]?.count === all, {
    what: 'the simulator to tell of every receipt',
    timeoutMs: 10_000,
  });
  const after = await readingOf(scene, simulator);
  const times = await simulator.times(`InSync:${attempt}`);
  for (const mark of ['InSync', 'Healthy']) await simulator.forget(`${mark}:${attempt}`);
  return {
    seconds: (over.heardAtMs - pushedMs) / 1000,
    receiptsMs: times.map((time) => time - pushedMs),
    hubCpuMs: after.hubCpuMs - before.hubCpuMs,
    besideCpuMs: after.besideCpuMs - before.besideCpuMs,
    simulatorCpuMs: after.simulatorCpuMs - before.simulatorCpuMs,
    bytes: after.bytes - before.bytes,
  };
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
