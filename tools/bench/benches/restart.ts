import { setTimeout as pause } from 'node:timers/promises';
import { preciseNow, type Scene, type Simulator } from '@fairlead/testkit/simulator';
import { usual, type Bench, type BenchOptions } from '../bench.ts';
import { median, percentile, type Figure } from '../figure.ts';
import { published } from '../published.ts';
import { connectAll, readingOf, setTheScene } from '../stage.ts';

/** Seconds until everybody is back, by the number of clusters. */
const ceilings: Readonly<Record<number, number>> = { 1_000: 10, 10_000: 60 };
const patienceMs = 600_000;
/** Streams that stood for so long were good ones: agents whose hub is killed then dial again as after the first loss. */
const settleMs = 31_000;

/** A hub that is killed, and started again on what it left. */
export const restart: Bench = {
  name: 'restart',
  of: 'clusters',
  rounds: 5,
  variants: [usual],
  summary:
    'the hub gets SIGKILL and is started again at once: from the start of the process until the last agent has been ' +
    'told by it which status it has, and that is the agent’s own; manifests that were sent again are counted, and ' +
    'applications that an agent began to apply again',
  async *run(options) {
    for (const clusters of options.sizes) yield* await measure(options, clusters);
  },
};

interface Round {
  readonly seconds: number;
  /** From the kill to the start: until every agent had noticed. */
  readonly deadSeconds: number;
  readonly readySeconds: number;
  readonly backMs: readonly number[];
  readonly resent: number;
  readonly applied: number;
  readonly hubCpuMs: number;
  readonly bytes: number;
}

async function measure(options: BenchOptions, clusters: number): Promise<Figure[]> {
  const scene = await setTheScene(options, clusters);
  try {
    const simulator = await connectAll(scene, options);
    const rounds: Round[] = [];
    for (let number = 1; number <= options.rounds; number += 1) {
      const round = await oneRound(scene, simulator);
      options.tell(
        `${clusters}: restart ${number} took ${round.seconds.toFixed(2)} s, ready in ${round.readySeconds.toFixed(2)} s`,
      );
      rounds.push(round);
    }
    return figuresOf(clusters, rounds);
  } finally {
    await scene.stop();
  }
}

async function oneRound(scene: Scene, simulator: Simulator): Promise<Round> {
  const all = scene.agents.length;
  await pause(settleMs);
  const killedMs = preciseNow();
  await scene.hub.kill();
  await simulator.until(({ connected }) => connected === 0, { what: 'every agent to notice', timeoutMs: patienceMs });
  for (const mark of ['verified', 'connected']) await simulator.forget(mark);
  const before = await readingOf(scene, simulator);
  const startedMs = preciseNow();
  await scene.hub.start();
  const readyMs = preciseNow();
  const { marks } = await simulator.until(({ verified }) => verified === all, {
    what: 'every agent to be back and verified',
    timeoutMs: patienceMs,
  });
  const after = await readingOf(scene, simulator);
  return {
    seconds: ((marks['verified']?.lastMs ?? Number.NaN) - startedMs) / 1000,
    deadSeconds: (startedMs - killedMs) / 1000,
    readySeconds: (readyMs - startedMs) / 1000,
    backMs: (await simulator.times('verified')).map((time) => time - startedMs),
    resent: after.objectsMessages - before.objectsMessages,
    applied: after.applied - before.applied,
    hubCpuMs: after.hubCpuMs,
    bytes: after.bytes - before.bytes,
  };
}

function figuresOf(clusters: number, rounds: readonly Round[]): Figure[] {
  const ceiling = ceilings[clusters];
  const back = rounds.flatMap(({ backMs }) => backMs);
  return [
    {
      name: 'restart',
      clusters,
      value: median(rounds.map(({ seconds }) => seconds)),
      unit: 's',
      ...(ceiling === undefined ? {} : { ceiling }),
      ...published('restart', clusters),
      n: rounds.length,
      p50: percentile(back, 0.5) / 1000,
      p99: percentile(back, 0.99) / 1000,
      details: {
        deadS: median(rounds.map(({ deadSeconds }) => deadSeconds)),
        readyS: median(rounds.map(({ readySeconds }) => readySeconds)),
        hubCpuMsPerCluster: median(rounds.map(({ hubCpuMs }) => hubCpuMs)) / clusters,
        bytesPerCluster: median(rounds.map(({ bytes }) => bytes)) / clusters,
      },
    },
    {
      name: 'restart.resent',
      clusters,
      value: Math.max(...rounds.map(({ resent }) => resent)),
      unit: 'Objects messages',
      ceiling: 0,
      n: rounds.length,
    },
    {
      name: 'restart.applied',
      clusters,
      value: Math.max(...rounds.map(({ applied }) => applied)),
      unit: 'applications',
      ceiling: 0,
      n: rounds.length,
    },
  ];
}
