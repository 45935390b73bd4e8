import { countOf, type ClusterName, type Wave } from '@fairlead/core/model';
import { forgetProven, judge } from './judge.ts';
import { checkedMs, type View } from './look.ts';
import { because, give, namesOf, recheckAt, rememberWave, waitFor, type Run } from './run.ts';
import type { Trouble, WaveMemory, WaveView } from './types.ts';

/** The wave of clusters that no wave of the policy claims. */
export const restWave = 'rest';

/** The waves of a policy with, at the end, one for whoever no other took. */
export function wavesOf(waves: readonly Wave[]): readonly Wave[] {
  const open = waves.some((wave) => wave.clusters === undefined || wave.name === restWave);
  return open ? waves : [...waves, { name: restWave, maxConcurrent: '100%', soak: '0s' }];
}

/** Walks the waves in order; the first that is not over holds back those behind it. True when all are over. */
export function walkWaves(run: Run): boolean {
  let before: Trouble | undefined;
  for (const wave of wavesOf(run.input.policy.waves)) {
    const members = run.views.filter((view) => view.of.wave === wave.name);
    if (before !== undefined) {
      waitBehind(run, { wave, members, before });
      continue;
    }
    const outcome = walkWave(run, { wave, members });
    run.waves.push(outcome);
    if (outcome.state !== 'Over') before = behind(outcome);
  }
  return before === undefined;
}

interface Members {
  readonly wave: Wave;
  readonly members: readonly View[];
}

function behind({ name, state, message }: WaveView): Trouble {
  if (state === 'Soaking') return because('WaitsForSoak', `Wave ${name} is healthy and soaks.`);
  return because('WaitsForWave', `Wave ${name} is not over: ${message}`);
}

function waitBehind(run: Run, { wave, members, before }: Members & { before: Trouble }): void {
  for (const view of members) if (!view.onGoal) waitFor(run, view, before);
  run.waves.push(viewOf(run, { wave, members, counting: members.filter(counts) }, { state: 'Ahead', ...before }));
}

function walkWave(run: Run, { wave, members }: Members): WaveView {
  const kept = run.memory.waves.find((memory) => memory.name === wave.name);
  if (kept?.over === true) {
    for (const view of members) catchUp(run, view);
    const counting = members.filter(counts);
    return viewOf(run, { wave, members, counting }, { state: 'Over', ...because('RolledOut', 'The wave is over.') });
  }
  const held = kept === undefined ? whyNotBegin(run, members) : undefined;
  if (held !== undefined) {
    for (const view of members) if (!view.onGoal) waitFor(run, view, held);
    return viewOf(run, { wave, members, counting: members.filter(counts) }, { state: 'Ahead', ...held });
  }
  const memory: WaveMemory = {
    name: wave.name,
    beganAtMs: kept?.beganAtMs ?? run.input.nowMs,
    over: false,
    skipped: skippedNow(run, { members, before: kept?.skipped ?? [] }),
  };
  rememberWave(run, memory);
  return advance(run, { wave, members, memory });
}

/** True for a cluster whose fate counts in its wave. */
function counts(view: View): boolean {
  return !view.alone && view.of.held === undefined;
}

/**
 * Silent clusters that the wave goes without: those of its beginning, and those that are silent when their turn comes.
 * The last ones that count are not left out: the wave waits for them.
 */
function skippedNow(run: Run, { members, before }: { members: readonly View[]; before: readonly ClusterName[] }) {
  const silent = members.filter((view) => isSkippable(run, view)).map((view) => view.name);
  const skipped = new Set([...before, ...silent]);
  const left = members.some((view) => counts(view) && !skipped.has(view.name));
  return left ? [...skipped] : before;
}

function isSkippable(run: Run, view: View): boolean {
  return run.input.policy.unreachable === 'Skip' && view.silent && !view.onGoal && view.of.held === undefined;
}

function whyNotBegin(run: Run, members: readonly View[]): Trouble | undefined {
  const ahead = members.filter((view) => !view.onGoal && view.of.held === undefined);
  if (ahead.length === 0) return undefined;
  const { waveStartsHeld } = run.input;
  if (waveStartsHeld !== undefined) {
    const { reason, message, recheckAfterMs } = waveStartsHeld;
    if (recheckAfterMs !== undefined) recheckAt(run, run.input.nowMs + recheckAfterMs);
    return because(reason, message);
  }
  const skipped = members.filter((view) => isSkippable(run, view));
  const left = members.filter((view) => counts(view) && !skipped.includes(view));
  if (left.length > 0 || skipped.length === 0) return undefined;
  const names = namesOf(skipped.map((view) => view.name));
  return because('ClusterSilent', `No cluster of the wave that counts is heard: ${names} silent; it waits for one.`);
}

function advance(run: Run, { wave, members, memory }: Members & { memory: WaveMemory }): WaveView {
  const skipped = (view: View): boolean => memory.skipped.includes(view.name) && !view.reached;
  const counting = members.filter((view) => counts(view) && !skipped(view));
  if (run.memory.kind === 'Promotion')
    judge(
      run,
      counting.filter((view) => view.reached),
    );
  for (const view of members) if (view.alone || skipped(view)) catchUp(run, view);
  spread(run, { wave, counting });
  const open = counting.filter((view) => !isSettled(run, view));
  if (open.length > 0) {
    const words = `${counting.length - open.length} of ${counting.length} clusters are done; ${namesOf(open.map((view) => view.name))} not yet.`;
    const first = open.map((view) => run.waits.get(view.name)).find((trouble) => trouble !== undefined);
    const given = new Set(run.assign.map(({ cluster }) => cluster));
    const stuck = open.every((view) => !view.inFlight && !given.has(view.name));
    const trouble = stuck && first !== undefined ? first : because('ReconcileInProgress', words);
    return viewOf(run, { wave, members, counting }, { state: 'Open', ...trouble });
  }
  const soakedAtMs = soakEnd(run, { wave, counting });
  if (soakedAtMs > run.input.nowMs) {
    recheckAt(run, soakedAtMs);
    const left = Math.ceil((soakedAtMs - run.input.nowMs) / 1000);
    const soaking = because('WaitsForSoak', `All that count are healthy; the soak of ${wave.soak} ends in ${left} s.`);
    return viewOf(run, { wave, members, counting }, { state: 'Soaking', ...soaking });
  }
  rememberWave(run, { ...memory, over: true });
  forgetProven(run, members);
  return viewOf(run, { wave, members, counting }, { state: 'Over', ...because('RolledOut', 'The wave is over.') });
}

/** Done, or failed within the budget of a promotion: the wave need not wait for it. */
function isSettled(run: Run, view: View): boolean {
  return (view.onGoal && view.healthy) || run.memory.spent[view.name] !== undefined;
}

/** Taken out of service by the wave, and not back yet. */
function isUnderWay(run: Run, view: View): boolean {
  return view.reached && !view.healthy && run.memory.spent[view.name] === undefined;
}

/** When the soak ends: from the moment at which the last cluster that is healthy became so. */
function soakEnd(run: Run, { wave, counting }: { wave: Wave; counting: readonly View[] }): number {
  if (run.memory.kind === 'Withdrawal') return run.input.nowMs;
  const soakMs = checkedMs(wave.soak);
  const healthy = counting.filter((view) => view.healthy);
  return Math.max(run.input.nowMs - soakMs, ...healthy.map((view) => view.of.report?.healthySinceMs ?? 0)) + soakMs;
}

/** A cluster that is judged alone gets its goal as soon as it is heard and, if it is in service, a slot is free. */
export function catchUp(run: Run, view: View): void {
  if (view.onGoal || view.of.held !== undefined || view.of.goal.kind === 'Unknown') return;
  if (view.silent)
    return waitFor(run, view, because('ClusterSilent', 'The cluster is silent; it catches up when it is back.'));
  give(run, view, undefined);
}

function spread(run: Run, { wave, counting }: { wave: Wave; counting: readonly View[] }): void {
  const maxConcurrent = countOf(wave.maxConcurrent, { total: counting.length, atLeast: 1 });
  let inProgress = counting.filter((view) => isUnderWay(run, view)).length;
  const ahead = counting.filter((view) => !view.onGoal && view.of.goal.kind !== 'Unknown');
  for (const view of [...ahead].sort((a, b) => Number(a.inService) - Number(b.inService))) {
    if (view.silent) {
      waitFor(run, view, because('ClusterSilent', 'The cluster is silent, and the policy waits for it.'));
    } else if (overBudget(run)) {
      waitFor(run, view, because('Halted', 'The failure budget is spent.'));
    } else if (inProgress >= maxConcurrent) {
      const words = `${inProgress} of at most ${maxConcurrent} clusters of the wave are in progress`;
      waitFor(run, view, because('WaitsForSlot', `Waits for its turn: ${words}.`));
    } else if (give(run, view, wave.name)) {
      inProgress += 1;
    }
  }
}

/** More clusters failed than the budget allows. A rollout that is over is not halted by a budget that shrank since. */
export function overBudget({ memory, failureBudget }: Run): boolean {
  return memory.kind === 'Promotion' && !memory.over && Object.keys(memory.spent).length > failureBudget;
}

function viewOf(
  run: Run,
  { wave, members, counting }: Members & { counting: readonly View[] },
  state: Pick<WaveView, 'state'> & Trouble,
): WaveView {
  return {
    name: wave.name,
    total: members.length,
    counting: counting.length,
    done: members.filter((view) => view.onGoal && view.healthy).length,
    inProgress: counting.filter((view) => isUnderWay(run, view)).length,
    maxConcurrent: countOf(wave.maxConcurrent, { total: counting.length, atLeast: 1 }),
    ...state,
  };
}
