import type { KubeObject } from '@fairlead/core/model';
import { conditionOf, conditionText, numberAt, textAt, valueAt } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing, suspended, unknown } from '../../../verdict.ts';

/**
 * A Rollout is healthy when its controller calls the newest template fully promoted. It counts generations in a text, so the
 * comparison that all kinds share does not see a stale one (controllers before 1.0 wrote a hash there, which says nothing).
 */
export function check(object: KubeObject): Health {
  const observed = textAt(object, 'status.observedGeneration');
  if (observed === '') return progressing('its controller has not seen it yet', 'StatusStale');
  const generation = object.metadata.generation;
  if (/^\d{1,15}$/.test(observed) && generation !== undefined && Number(observed) !== generation)
    return progressing(`its controller has seen generation ${observed} of ${generation}`, 'StatusStale');
  const invalid = conditionOf(object, 'InvalidSpec');
  if (invalid?.status === 'True') return degraded(conditionText(invalid));
  const progress = conditionOf(object, 'Progressing');
  if (progress?.status === 'False' && progress.reason === 'ProgressDeadlineExceeded')
    return degraded(conditionText(progress), 'WorkloadStalled');
  if (valueAt(object, 'status.abort') === true) return degraded(`it was aborted${detail(object)}`);
  return byPhase(object);
}

function byPhase(object: KubeObject): Health {
  const phase = textAt(object, 'status.phase');
  if (phase === 'Degraded') return degraded(`its controller calls it degraded${detail(object)}`);
  if (phase === 'Paused' || valueAt(object, 'spec.paused') === true) return suspended(`it is paused${detail(object)}`);
  const want = numberAt(object, 'spec.replicas', 1);
  if (phase === 'Healthy')
    return healthy(`${numberAt(object, 'status.availableReplicas')} of ${want} replicas available`);
  if (phase !== '' && phase !== 'Progressing') return unknown(`its phase is ${phase}`);
  return progressing(
    `${numberAt(object, 'status.updatedReplicas')} of ${want} replicas updated${detail(object)}`,
    'ReplicasUnavailable',
  );
}

function detail(object: KubeObject): string {
  const message = textAt(object, 'status.message');
  return message === '' ? '' : ` (${message})`;
}
