import type { KubeObject } from '@fairlead/core/model';
import { conditionIn, conditionOf, conditionText, listAt, textAt, valueAt, type Condition } from '../fields.ts';
import { whileNotTrue } from '../generic.ts';
import { degraded, progressing, suspended, type Health } from '../verdict.ts';

/** Where the terminal failures of v1beta1 stand, there and in v1beta2. */
const failures = ['status', 'status.deprecated.v1beta1'];

/**
 * What the kinds of Cluster API share, in v1beta1 and v1beta2; undefined once the object is available. Paused by itself or by its
 * Cluster, it is suspended; a terminal failure or a condition of severity Error is one; the rest is progress.
 */
export function untilAvailable(object: KubeObject): Health | undefined {
  const pausedBy = pause(object);
  if (pausedBy !== undefined) return suspended(pausedBy);
  const failure = terminalFailure(object);
  if (failure !== undefined) return degraded(failure);
  const paused = conditionOf(object, 'Paused');
  if (paused?.status === 'True') return suspended(conditionText(paused));
  const unhealthy = conditionOf(object, 'HealthCheckSucceeded');
  if (unhealthy?.status === 'False') return degraded(conditionText(unhealthy));
  const newer = (type: string) => conditionOf(object, type) ?? apart(object, type);
  const available = newer('Available') ?? conditionOf(object, 'Ready');
  if (!available) return progressing('its controller has not seen it yet', 'StatusStale');
  const pending = whileNotTrue(available, object);
  if (pending) return available.severity === 'Error' ? degraded(pending.message) : pending;
  // It stays available while machines of the newest template take the place of older ones.
  const rolling = newer('RollingOut');
  return rolling?.status === 'True' ? progressing(conditionText(rolling)) : undefined;
}

/** v1beta1 keeps the conditions of v1beta2 apart. */
function apart(object: KubeObject, type: string): Condition | undefined {
  return conditionIn(listAt(object, 'status.v1beta2.conditions'), type);
}

function pause(object: KubeObject): string | undefined {
  if (valueAt(object, 'spec.paused') === true) return 'it is paused, so its controllers leave it alone';
  return object.metadata.annotations?.['cluster.x-k8s.io/paused'] === undefined
    ? undefined
    : 'it is paused by cluster.x-k8s.io/paused, so its controllers leave it alone';
}

function terminalFailure(object: KubeObject): string | undefined {
  for (const path of failures) {
    const from = valueAt(object, path);
    const said = [textAt(from, 'failureReason'), textAt(from, 'failureMessage')].filter(Boolean).join(': ');
    if (said !== '') return said;
  }
  return textAt(object, 'status.phase') === 'Failed' ? 'its phase is Failed' : undefined;
}
