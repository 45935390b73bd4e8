import type { KubeObject } from '@fairlead/core/model';
import { firstShort, notObserved } from '../../../counts.ts';
import { conditionOf, conditionText, numberAt } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing } from '../../../verdict.ts';

/** A ReplicaSet is healthy when all its replicas are available. It has no deadline of its own, so a refused Pod is a failure. */
export function check(object: KubeObject): Health {
  const unseen = notObserved(object);
  if (unseen) return unseen;
  const failure = conditionOf(object, 'ReplicaFailure');
  if (failure?.status === 'True') return degraded(conditionText(failure));
  const want = numberAt(object, 'spec.replicas', 1);
  const short = firstShort([
    { have: numberAt(object, 'status.fullyLabeledReplicas'), want, what: 'replicas created' },
    { have: numberAt(object, 'status.availableReplicas'), want, what: 'replicas available' },
  ]);
  if (short) return short;
  const extra = numberAt(object, 'status.replicas') - want;
  if (extra > 0)
    return progressing(`${extra} surplus ${extra === 1 ? 'replica' : 'replicas'} still to end`, 'ReplicasUnavailable');
  return healthy(`${want} of ${want} replicas available`);
}
