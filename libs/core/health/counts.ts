import type { KubeObject } from '@fairlead/core/model';
import { progressing, type Health } from './verdict.ts';
import { valueAt } from './fields.ts';

/** One count that must reach a number. */
export interface Count {
  readonly have: number;
  readonly want: number;
  /** What is counted, as it reads after "2 of 3". */
  readonly what: string;
}

/** The first count that is short, as progress; undefined if all are reached. */
export function firstShort(counts: readonly Count[]): Health | undefined {
  const short = counts.find((count) => count.have < count.want);
  return short && progressing(`${short.have} of ${short.want} ${short.what}`, 'ReplicasUnavailable');
}

/**
 * Progress while a controller that always writes `status.observedGeneration` has not written one yet; undefined once it has.
 * A stale one is handled for every kind alike, before the checks.
 */
export function notObserved(object: KubeObject): Health | undefined {
  if (valueAt(object, 'status.observedGeneration') !== undefined) return undefined;
  return progressing('its controller has not seen it yet', 'StatusStale');
}
