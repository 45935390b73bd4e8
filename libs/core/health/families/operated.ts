import type { KubeObject } from '@fairlead/core/model';
import { firstShort } from '../counts.ts';
import { conditionOf, conditionText, isFresh, numberAt, valueAt } from '../fields.ts';
import { whileNotTrue } from '../generic.ts';
import { degraded, healthy, progressing, suspended, type Health } from '../verdict.ts';

/**
 * Health of what prometheus-operator runs: conditions Reconciled and Available (True, False, Degraded, Unknown), each with the
 * generation that it answers, and counts of Pods over all shards.
 */
export function operatedReplicas(object: KubeObject): Health {
  if (valueAt(object, 'spec.paused') === true) return suspended('it is paused, so its operator leaves it alone');
  const reconciled = conditionOf(object, 'Reconciled');
  if (!reconciled) return progressing('its operator has not seen it yet', 'StatusStale');
  if (reconciled.status === 'False' && isFresh(reconciled, object)) return degraded(conditionText(reconciled));
  const unreconciled = whileNotTrue(reconciled, object);
  if (unreconciled) return unreconciled;

  const want = numberAt(object, 'status.replicas');
  const short = firstShort([
    { have: numberAt(object, 'status.updatedReplicas'), want, what: 'replicas updated' },
    { have: numberAt(object, 'status.availableReplicas'), want, what: 'replicas available' },
  ]);
  if (short) return short;
  const available = conditionOf(object, 'Available');
  const unavailable = available && whileNotTrue(available, object);
  return unavailable ?? healthy(`${want} of ${want} replicas available`);
}
