import type { KubeObject } from '@fairlead/core/model';
import { firstShort, notObserved } from '../../../counts.ts';
import { conditionOf, conditionText, numberAt, valueAt } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing, suspended } from '../../../verdict.ts';

/**
 * A Deployment is healthy when every replica is of the newest template and available. It is degraded once its controller
 * gives up (`progressDeadlineSeconds`); a quota or an admission refusal before that is progress that names the refusal.
 */
export function check(object: KubeObject): Health {
  const unseen = notObserved(object);
  if (unseen) return unseen;
  if (valueAt(object, 'spec.paused') === true) return suspended('it is paused, so no rollout goes on');
  const progress = conditionOf(object, 'Progressing');
  if (progress?.status === 'False')
    return degraded(
      conditionText(progress),
      progress.reason === 'ProgressDeadlineExceeded' ? 'WorkloadStalled' : 'ReconcileFailed',
    );

  const want = numberAt(object, 'spec.replicas', 1);
  const short = firstShort([
    { have: numberAt(object, 'status.replicas'), want, what: 'replicas created' },
    { have: numberAt(object, 'status.updatedReplicas'), want, what: 'replicas updated' },
    { have: numberAt(object, 'status.availableReplicas'), want, what: 'replicas available' },
  ]);
  if (short) return withFailure(short, object);
  const old = numberAt(object, 'status.replicas') - numberAt(object, 'status.updatedReplicas');
  if (old > 0)
    return progressing(`${old} old ${old === 1 ? 'replica' : 'replicas'} still to end`, 'ReplicasUnavailable');
  const available = conditionOf(object, 'Available');
  if (available?.status === 'False') return progressing(conditionText(available), 'ReplicasUnavailable');
  return healthy(`${want} of ${want} replicas available`);
}

function withFailure(short: Health, object: KubeObject): Health {
  const failure = conditionOf(object, 'ReplicaFailure');
  return failure?.status === 'True' ? { ...short, message: `${short.message}; ${conditionText(failure)}` } : short;
}
