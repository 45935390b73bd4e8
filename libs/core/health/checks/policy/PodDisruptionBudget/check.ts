import type { KubeObject } from '@fairlead/core/model';
import { notObserved } from '../../../counts.ts';
import { conditionOf, conditionText, numberAt } from '../../../fields.ts';
import { degraded, type Health, healthy } from '../../../verdict.ts';

/** A budget is healthy once its controller has counted. Too few healthy Pods are the workload's trouble, which says so itself. */
export function check(object: KubeObject): Health {
  const unseen = notObserved(object);
  if (unseen) return unseen;
  const allowed = conditionOf(object, 'DisruptionAllowed');
  if (allowed?.reason === 'SyncFailed') return degraded(conditionText(allowed));
  const count = `${numberAt(object, 'status.currentHealthy')} of ${numberAt(object, 'status.desiredHealthy')} Pods healthy`;
  return healthy(`${count}, ${numberAt(object, 'status.disruptionsAllowed')} disruptions allowed`);
}
