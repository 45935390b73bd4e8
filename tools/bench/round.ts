import { followJournal, type Journal, type Scene, type Simulator } from '@fairlead/testkit/simulator';
import type { BenchOptions } from './bench.ts';
import { connectAll, readingOf } from './stage.ts';

const patienceMs = 300_000;

/** One object changed, and what it took until every cluster ran it. */
export interface Round {
  /** From the ledger push to the journal's line that says that the rollout is over. */
  readonly seconds: number;
  /** From the push to each cluster's own receipt leaving it, the earliest first. */
  readonly receiptsMs: readonly number[];
  readonly hubCpuMs: number;
  /** Of PostgreSQL and NATS, where the hub has them. */
  readonly besideCpuMs: number;
  readonly simulatorCpuMs: number;
  readonly bytes: number;
}

/** Connects every agent, and carries so many rounds out as the options say. */
export async function roundsOf(scene: Scene, options: BenchOptions): Promise<Round[]> {
  const simulator = await connectAll(scene, options);
  const journal = await followJournal(scene.hub);
  const rounds: Round[] = [];
  for (let number = 1; number <= options.rounds; number += 1) {
    const round = await oneRound({ scene, simulator, journal, number });
    const { seconds, hubCpuMs } = round;
    options.tell(`${scene.agents.length}: round ${number} took ${seconds.toFixed(3)} s, hub ${hubCpuMs} ms of CPU`);
    rounds.push(round);
  }
  journal.close();
  return rounds;
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
