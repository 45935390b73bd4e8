import { setTimeout as pause } from 'node:timers/promises';
import {
  followJournal,
  preciseNow,
  setScene,
  usageOfAll,
  type Journal,
  type Scene,
  type Simulator,
} from '@fairlead/testkit/simulator';
import { readFlags, usage, type Flags } from './flags.ts';
import { changeLine, progressOf, shown, summaryOf, type Change, type Moment } from './show.ts';

const shownEveryMs = 1_000;
/** Where nobody looks at a terminal. */
const loggedEveryMs = 10_000;
const overWithinMs = 600_000;

/** Aborted by the first signal that asks this process to end. */
function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort());
  return interrupted.signal;
}

async function momentOf(scene: Scene, simulator: Simulator): Promise<Moment> {
  const hub = await usageOfAll(scene.hub.pids);
  const tally = simulator.tally();
  return { atMs: preciseNow(), tally, hubCpuMs: hub.cpuMs, hubRssBytes: hub.rssBytes };
}

/** Says how far it is until the signal: in place on a terminal, else a line now and then. */
async function showProgress(by: { scene: Scene; simulator: Simulator; signal: AbortSignal }): Promise<void> {
  const isTerminal = process.stderr.isTTY;
  let before = await momentOf(by.scene, by.simulator);
  for (;;) {
    await pause(isTerminal ? shownEveryMs : loggedEveryMs, undefined, { signal: by.signal }).catch(() => undefined);
    if (by.signal.aborted) break;
    const now = await momentOf(by.scene, by.simulator);
    process.stderr.write(shown(progressOf(now, before), { isTerminal }));
    before = now;
  }
  if (isTerminal) process.stderr.write('\n');
}

/** Changes one object again and again until the signal. */
async function keepChanging(by: {
  scene: Scene;
  simulator: Simulator;
  everyMs: number;
  signal: AbortSignal;
}): Promise<Change[]> {
  const { scene, simulator, everyMs, signal } = by;
  const journal = await followJournal(scene.hub);
  const changes: Change[] = [];
  for (let round = 1; !signal.aborted; round += 1) {
    const change = oneChange({ scene, simulator, journal, round });
    const done = await Promise.race([change, aborted(signal)]);
    if (done === undefined) break;
    changes.push(done);
    process.stderr.write(shown(changeLine(done), { isTerminal: process.stderr.isTTY, stays: true }));
    await pause(everyMs, undefined, { signal }).catch(() => undefined);
  }
  journal.close();
  return changes;
}

async function oneChange(by: { scene: Scene; simulator: Simulator; journal: Journal; round: number }): Promise<Change> {
  const { scene, simulator, journal, round } = by;
  const pushes = new Map<string, number>();
  const stopHearing = scene.git.onRefUpdate(({ repository, after, atMs }) => {
    if (repository === 'fleet' && after !== undefined) pushes.set(after, atMs);
  });
  await scene.change(round);
  const what = `change ${round} to be over`;
  const ended = new Set(['RolloutOver', 'RolloutHalted']);
  const over = await journal
    .next(({ type, attempt }) => ended.has(type) && pushes.has(attempt ?? ''), { what, timeoutMs: overWithinMs })
    .finally(stopHearing);
  const pushedMs = pushes.get(over.attempt ?? '') ?? 0;
  const times = await simulator.times(`InSync:${over.attempt}`);
  return { round, receiptsMs: times.map((time) => time - pushedMs), overMs: over.heardAtMs - pushedMs };
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

async function simulate(flags: Flags, interrupted: AbortSignal): Promise<void> {
  const scene = await setScene({ ...flags, tell: (text) => void process.stderr.write(`${text}\n`) });
  try {
    const startedMs = preciseNow();
    const simulator = scene.connect();
    process.stderr.write(
      `API ${scene.hub.api}, processes ${JSON.stringify(scene.hub.pids)}, agents ${simulator.pids.join(' ')}\n`,
    );
    const ended = new AbortController();
    const signal = AbortSignal.any([interrupted, ended.signal]);
    const first = await momentOf(scene, simulator);
    const showing = showProgress({ scene, simulator, signal });
    const all = ({ connected }: { connected: number }): boolean => connected === flags.clusters;
    await Promise.race([
      simulator.until(all, { what: 'every agent to connect', timeoutMs: overWithinMs }),
      aborted(signal),
    ]);
    const connectMs = (await simulator.times('connected')).map((time) => time - startedMs);
    const { durationMs, changeEveryMs } = flags;
    if (durationMs !== undefined) setTimeout(() => ended.abort(), durationMs);
    const changing =
      changeEveryMs === undefined ? [] : keepChanging({ scene, simulator, everyMs: changeEveryMs, signal });
    await aborted(signal);
    const [changes] = await Promise.all([changing, showing]);
    await simulator.fresh();
    const last = await momentOf(scene, simulator);
    process.stdout.write(`${summaryOf({ first, last, changes, connectMs })}\n`);
  } finally {
    await scene.stop();
  }
}

const alive = setInterval(() => {}, 2 ** 30); // the servers do not keep this process running
let exitCode = 0;
try {
  const flags = readFlags(process.argv.slice(2));
  if (flags) await simulate(flags, interruption());
  else process.stdout.write(usage);
} catch (error) {
  process.stderr.write(`\n${(error as Error).message}\n`);
  exitCode = 1;
}
clearInterval(alive);
process.exit(exitCode);
