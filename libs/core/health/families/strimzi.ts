import type { KubeObject } from '@fairlead/core/model';
import { annotationOf, conditionOf, conditionText, isFresh } from '../fields.ts';
import { unlessTrue } from '../conditioned.ts';
import { degraded, healthy, progressing, suspended, type Health } from '../verdict.ts';

/** Why Strimzi's operators leave an object alone; undefined: they do not. */
export function strimziPause(object: KubeObject): Health | undefined {
  if (annotationOf(object, 'strimzi.io/pause-reconciliation') === 'true')
    return suspended('it is paused by strimzi.io/pause-reconciliation, so its operator leaves it alone');
  return object.kind === 'KafkaTopic' && annotationOf(object, 'strimzi.io/managed') === 'false'
    ? suspended('it is not managed, by strimzi.io/managed, so its operator leaves it alone')
    : undefined;
}

/**
 * Health of what Strimzi's operators run: `Ready` is True, or `NotReady` is True with the reason Creating (progress) or another one
 * (failure). After a pause `ReconciliationPaused` stays until the operator looks again.
 */
export function strimzied(object: KubeObject): Health {
  const paused = strimziPause(object);
  if (paused) return paused;
  if (conditionOf(object, 'ReconciliationPaused')?.status === 'True')
    return progressing('it is no longer paused, and its operator goes on');
  const not = conditionOf(object, 'NotReady');
  if (not?.status === 'True' && isFresh(not, object))
    return not.reason === 'Creating' ? progressing(conditionText(not)) : degraded(conditionText(not));
  return unlessTrue(conditionOf(object, 'Ready'), { object }) ?? healthy('it is ready');
}
