import type { RolloutView, StepView } from '@fairlead/wire/rest';

/** What of a person a release waits for at the door of an environment. */
export type Wait = 'Approval' | 'Resume' | 'Merge';

/** Reasons for which the newest candidate does not stand at the door: whatever its gates say, nobody is asked. */
const outside: ReadonlySet<string> = new Set(['NewestAlready', 'Rejected', 'RolledBack', 'Superseded', 'NoCandidate']);

/** What people are waited for, given what comes next and the gates that have not passed. */
export function waitsOf({ next, waitsFor = [] }: Pick<StepView, 'next' | 'waitsFor'>): readonly Wait[] {
  if (next === undefined || outside.has(next.reason)) return [];
  if (next.reason === 'WaitsForMerge') return ['Merge'];
  return [
    ...(waitsFor.includes('approval') ? (['Approval'] as const) : []),
    ...(waitsFor.includes('pause') ? (['Resume'] as const) : []),
  ];
}

/** The gates of a rollout that have not passed. */
export function openGates({ gates }: Pick<RolloutView, 'gates'>): string[] {
  return gates.filter(({ verdict }) => verdict !== 'Pass').map(({ gate }) => gate);
}
