import { countOf, type Reason } from '@fairlead/core/model';
import { checkedMs, lookAt, type View } from './look.ts';
import { openMemory } from './memory.ts';
import type { Assign, RolloutInput, RolloutMemory, Trouble, WaveMemory, WaveView } from './types.ts';

/** One pass under way: what it looks at, and what it has decided so far. */
export interface Run {
  readonly input: RolloutInput;
  readonly progressDeadlineMs: number;
  readonly views: readonly View[];
  /** Clusters of the environment; those that left it are not counted. */
  readonly total: number;
  readonly maxUnavailable: number;
  readonly failureBudget: number;
  memory: RolloutMemory;
  unavailable: number;
  readonly assign: Assign[];
  readonly waves: WaveView[];
  /** Why a cluster that waits does so; the first word stays. */
  readonly waits: Map<string, Trouble>;
  readonly rechecksMs: number[];
}

/** Looks at everything once. */
export function openRun(input: RolloutInput): Run {
  const kept = openMemory(input);
  const total = input.clusters.filter((cluster) => cluster.wave !== undefined).length;
  const memory = { ...kept, total: Math.max(kept.total, total) };
  const progressDeadlineMs = checkedMs(input.policy.progressDeadline);
  const views = input.clusters.map((of) => lookAt(of, { input, memory, progressDeadlineMs }));
  const budget = input.policy.failureBudget;
  const run: Run = {
    input,
    progressDeadlineMs,
    views,
    total,
    maxUnavailable: countOf(input.policy.maxUnavailable, { total, atLeast: 1 }),
    failureBudget: countOf(budget, { total: memory.total, atLeast: budget === 0 || budget === '0%' ? 0 : 1 }),
    memory,
    unavailable: 0,
    assign: [],
    waves: [],
    waits: new Map(),
    rechecksMs: [],
  };
  run.unavailable = views.filter((view) => isUnavailable(view, run)).length;
  for (const view of views) if (view.inFlight) recheckAt(run, givenAt(view) + progressDeadlineMs);
  return run;
}

/** When the cluster was given what it has. */
export function givenAt(view: View): number {
  return view.of.given?.assignedAtMs ?? 0;
}

/**
 * Whether the cluster holds a slot of maxUnavailable: one that counts, from its assignment until it is healthy; any
 * other only while what it was given last is younger than progressDeadline.
 */
function isUnavailable(view: View, run: Run): boolean {
  if (view.unseen) return true;
  if (view.of.given === undefined || view.healthy) return false;
  if (view.counted && !run.memory.over) return true;
  return view.inFlight;
}

/** Asks to be called again at a time; times that are over are not asked for. */
export function recheckAt(run: Run, atMs: number): void {
  if (atMs > run.input.nowMs) run.rechecksMs.push(atMs - run.input.nowMs);
}

/** Says why a cluster waits, unless something said so before. */
export function waitFor(run: Run, view: View, trouble: Trouble): void {
  if (!run.waits.has(view.name)) run.waits.set(view.name, trouble);
}

/** Shorthand for a reason with its sentence. */
export function because(reason: Reason, message: string): Trouble {
  return { reason, message };
}

/** Replaces what is remembered of one wave. */
export function rememberWave(run: Run, wave: WaveMemory): void {
  const others = run.memory.waves.filter((other) => other.name !== wave.name);
  run.memory = { ...run.memory, waves: [...others, wave] };
}

/**
 * Gives the cluster its goal, if a slot is free or none is needed. Taking a cluster out of service needs a slot;
 * giving to one that is unavailable already does not.
 */
export function give(run: Run, view: View, wave: string | undefined): boolean {
  if (view.inService && run.unavailable >= run.maxUnavailable) {
    const words = `${run.unavailable} of at most ${run.maxUnavailable} clusters are unavailable`;
    waitFor(run, view, because('WaitsForSlot', `Waits for a free slot: ${words}.`));
    return false;
  }
  if (!isUnavailable(view, run)) run.unavailable += 1;
  run.assign.push(assignOf(view, { wave, quiet: false }));
  recheckAt(run, run.input.nowMs + run.progressDeadlineMs);
  return true;
}

/** The assignment of a cluster's goal as things stand now. */
export function assignOf(view: View, options: { wave: string | undefined; quiet: boolean }): Assign {
  return {
    cluster: view.name,
    to: 'Goal',
    ...(options.wave === undefined ? {} : { wave: options.wave }),
    healthyBefore: view.wasHealthy,
    quiet: options.quiet,
  };
}

/** `a, b, c and 4 more`, for messages that stay short on large fleets. */
export function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
