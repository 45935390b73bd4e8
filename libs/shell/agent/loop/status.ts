import { aggregateHealth, type AggregatedHealth } from '@fairlead/core/health';
import type { ApplicationId, DriftState, ObjectProblem, Reason, SyncState } from '@fairlead/core/model';
import type { PruneNote } from '@fairlead/core/prune';
import type { LoopStatus } from '../hub/reporter.ts';
import type { Assignment } from './ground.ts';
import type { InventoryFacts } from './inventory.ts';
import { endOf, type Item, type Problem } from './item.ts';
import { worstNote } from './leave.ts';

/** All that a status is made of. */
export interface StatusInput {
  readonly application: ApplicationId;
  readonly assignment: Assignment;
  readonly items: readonly Item[];
  /** The pass came to its end with this bundle. */
  readonly passDone: boolean;
  /** The stage whose health later ones wait for. */
  readonly waitsForStage: number | undefined;
  /** What ended the last pass before its time. */
  readonly failure: { readonly reason: Reason; readonly message: string } | undefined;
  readonly held: readonly PruneNote[];
  readonly drift: DriftState;
}

const mostProblems = 20;

/** What the hub is told of an application that runs; without its duration. */
export function statusOf(input: StatusInput): LoopStatus {
  const { entry } = input.assignment;
  const wanted = input.items.filter((item) => item.wanted);
  const health = healthOf(input, wanted);
  const failed = wanted.filter((item) => item.problem && !item.problem.awaited);
  const awaited = wanted.filter((item) => item.problem?.awaited);
  // What lives is well, and is not what is wanted.
  const refusedHealthy = [...failed, ...awaited].filter((item) => item.health.status === 'Healthy').length;
  const { sync, reason, message } = syncOf(input, { failed, awaited: awaited[0]?.problem });
  return {
    application: input.application,
    release: entry.release,
    bundle: entry.bundle,
    attempt: entry.attempt,
    sync,
    health: health.status,
    drift: input.drift,
    reason: sync === 'InSync' && health.status !== 'Healthy' ? health.reason : reason,
    message: sync === 'InSync' && health.status !== 'Healthy' ? health.message : message,
    objects: wanted.length,
    healthyObjects: health.counts.Healthy - refusedHealthy,
    problems: problemsOf([...failed, ...awaited], health),
  };
}

/** What is shown of an application of which the hub has said nothing: it stays as it is. */
export function orphanStatus(facts: InventoryFacts, objects: number): LoopStatus {
  return {
    application: facts.application,
    release: facts.release,
    bundle: facts.bundle,
    attempt: facts.attempt,
    sync: 'Held',
    health: 'Unknown',
    drift: 'None',
    reason: 'Orphaned',
    message: 'no commit explains why the application left this cluster; its objects stay as they are',
    objects,
    healthyObjects: 0,
    problems: [],
  };
}

/** What is shown of an application that leaves. */
export function leavingStatus(
  facts: InventoryFacts,
  by: { objects: number; held: readonly PruneNote[]; failure?: StatusInput['failure'] },
): LoopStatus {
  const note = worstNote(by.held);
  return {
    application: facts.application,
    release: facts.release,
    bundle: facts.bundle,
    attempt: facts.attempt,
    sync: by.failure ? 'Failed' : note ? 'OutOfSync' : 'Applying',
    health: 'Unknown',
    drift: 'None',
    reason: by.failure?.reason ?? note?.reason ?? 'Withdrawn',
    message: by.failure?.message ?? note?.message ?? `${by.objects} objects are still to go`,
    objects: by.objects,
    healthyObjects: 0,
    problems: by.held
      .slice(0, mostProblems)
      .map(({ key, reason, message }) => ({ key, health: 'Unknown', reason, message })),
  };
}

function healthOf(input: StatusInput, wanted: readonly Item[]): AggregatedHealth {
  const health = aggregateHealth(
    wanted.map((item) => ({ key: item.key, health: settledHealth(item, input.assignment) })),
    { maxProblems: mostProblems },
  );
  return health;
}

/** A Job that ran to its end may be gone; how it ended is still its health. */
function settledHealth(item: Item, assignment: Assignment): Item['health'] {
  const end = endOf(item, assignment.entry.bundle);
  if (item.live !== 'Absent' || end === undefined) return item.health;
  return end === 'Succeeded'
    ? { status: 'Healthy', reason: 'RanToItsEnd', message: 'it ran to its end' }
    : { status: 'Degraded', reason: 'RunFailed', message: 'it failed, and is gone' };
}

function syncOf(
  input: StatusInput,
  { failed, awaited }: { failed: readonly Item[]; awaited: Problem | undefined },
): { sync: SyncState; reason: Reason; message: string } {
  const { failure, passDone, waitsForStage, drift } = input;
  if (failure) return { sync: 'Failed', ...failure };
  const [first] = failed;
  if (first?.problem) {
    const more = failed.length > 1 ? `; and ${failed.length - 1} more` : '';
    return { sync: 'Failed', reason: first.problem.reason, message: `${first.problem.message}${more}` };
  }
  if (awaited) return { sync: 'Applying', reason: awaited.reason, message: awaited.message };
  if (waitsForStage !== undefined)
    return { sync: 'Applying', reason: 'StageWaits', message: `stage ${waitsForStage} is not healthy yet` };
  if (!passDone) return { sync: 'Applying', reason: 'Applying', message: 'objects are being applied' };
  if (drift === 'Present')
    return { sync: 'OutOfSync', reason: 'Drifted', message: 'live objects differ from what was applied' };
  if (drift === 'Fighting')
    return { sync: 'OutOfSync', reason: 'DriftFighting', message: 'another manager changes objects again and again' };
  const note = worstNote(input.held);
  if (note) return { sync: 'OutOfSync', ...note };
  return {
    sync: 'InSync',
    reason: drift === 'Corrected' ? 'DriftCorrected' : 'Applied',
    message: 'every object is as it was applied',
  };
}

function problemsOf(items: readonly Item[], health: AggregatedHealth): ObjectProblem[] {
  const problems: ObjectProblem[] = items.slice(0, mostProblems).map((item) => ({
    key: item.key,
    health: item.health.status,
    reason: item.problem?.reason ?? 'ApplyFailed',
    message: item.problem?.message ?? '',
  }));
  const named = new Set(items.map(({ key }) => key));
  for (const { key, health: one } of health.problems) {
    if (problems.length < mostProblems && !named.has(key))
      problems.push({ key, health: one.status, reason: one.reason, message: one.message });
  }
  return problems;
}
