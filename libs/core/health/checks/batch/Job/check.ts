import type { KubeObject } from '@fairlead/core/model';
import { conditionOf, conditionText, numberAt, valueAt } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing, suspended } from '../../../verdict.ts';

/**
 * A Job is healthy when it ended well, and only then: one that runs, or runs again after a pause, is in progress
 * (a `Suspended` condition that is False says nothing about its end).
 */
export function check(object: KubeObject): Health {
  for (const type of ['Failed', 'FailureTarget']) {
    const failed = conditionOf(object, type);
    if (failed?.status === 'True') return degraded(conditionText(failed), 'RunFailed');
  }
  if (conditionOf(object, 'Complete')?.status === 'True') return healthy(completions(object), 'RanToItsEnd');
  if (valueAt(object, 'spec.suspend') === true) return suspended(`it is suspended with ${completions(object)}`);
  if (valueAt(object, 'status.startTime') === undefined) return progressing('it has not started yet', 'StillRunning');
  const failures = numberAt(object, 'status.failed');
  const parts = [
    completions(object),
    `${numberAt(object, 'status.active')} active`,
    ...(failures > 0 ? [`${failures} failed`] : []),
  ];
  return progressing(parts.join(', '), 'StillRunning');
}

function completions(object: KubeObject): string {
  const done = numberAt(object, 'status.succeeded');
  const want = valueAt(object, 'spec.completions');
  return typeof want === 'number' ? `${done} of ${want} completions` : `${done} completions`;
}
