import type { KubeObject } from '@fairlead/core/model';
import { unlessTrue } from '../../../conditioned.ts';
import { annotationOf, conditionOf, conditionText } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing, suspended } from '../../../verdict.ts';

const paused = 'autoscaling.keda.sh/paused';
const pausedAt = 'autoscaling.keda.sh/paused-replicas';
/** These hold one direction only: the operator says `Paused` and goes on scaling the other way. */
const directions = ['autoscaling.keda.sh/paused-scale-in', 'autoscaling.keda.sh/paused-scale-out'];

/**
 * A ScaledObject or a ScaledJob is healthy when its triggers can be read, whether or not they ask for replicas now. It is paused by
 * annotations, which move no generation: `Paused` may still be True after they went, and is only the operator's last word.
 */
export function check(object: KubeObject): Health {
  const at = annotationOf(object, pausedAt);
  if (at !== '') return suspended(`it is paused at ${at} replicas by ${pausedAt}`);
  if (annotationOf(object, paused) === 'true') return suspended(`it is paused by ${paused}`);
  const ready = conditionOf(object, 'Ready');
  const unready = unlessTrue(ready, { object });
  if (unready) return unready;
  const fallback = conditionOf(object, 'Fallback');
  if (fallback?.status === 'True') return degraded(conditionText(fallback));
  const isHeld = directions.some((name) => annotationOf(object, name) === 'true');
  if (!isHeld && conditionOf(object, 'Paused')?.status === 'True')
    return progressing('it is no longer paused, and its operator goes on');
  const active = conditionOf(object, 'Active')?.status === 'True';
  return healthy(active ? 'its triggers are active' : 'its triggers are quiet');
}
