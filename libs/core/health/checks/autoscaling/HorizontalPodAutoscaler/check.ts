import type { KubeObject } from '@fairlead/core/model';
import { unlessTrue } from '../../../conditioned.ts';
import { conditionOf, conditionText, numberAt } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing, suspended } from '../../../verdict.ts';

/** Reasons of `ScalingActive` that go away once metrics arrive; right after a start there are none. */
const metricsMissing = /^FailedGet\w*Metrics?$|^FailedComputeMetricsReplicas$/;

/** An autoscaler is healthy when it can read its metrics and scale its target; without replicas it is switched off. */
export function check(object: KubeObject): Health {
  const able = conditionOf(object, 'AbleToScale');
  if (!able) return progressing('its controller has not seen it yet', 'StatusStale');
  const unable = unlessTrue(able, { object });
  if (unable) return unable;
  const active = conditionOf(object, 'ScalingActive');
  if (active?.status === 'False') {
    if (active.reason === 'ScalingDisabled') return suspended('its target has no replicas, so it does not scale');
    return metricsMissing.test(active.reason) ? progressing(conditionText(active)) : degraded(conditionText(active));
  }
  const limited = conditionOf(object, 'ScalingLimited')?.status === 'True' ? ', at its limit' : '';
  return healthy(
    `${numberAt(object, 'status.currentReplicas')} of ${numberAt(object, 'status.desiredReplicas')} replicas${limited}`,
  );
}
