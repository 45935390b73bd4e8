import type { KubeObject } from '@fairlead/core/model';
import { conditionOf, conditionText } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing } from '../../../verdict.ts';

/** A definition is healthy when the API server serves its kind. */
export function check(object: KubeObject): Health {
  const names = conditionOf(object, 'NamesAccepted');
  if (names?.status === 'False') return degraded(conditionText(names));
  const established = conditionOf(object, 'Established');
  if (established?.status === 'True') return healthy('its kind is served');
  return progressing(established ? conditionText(established) : 'its kind is not served yet');
}
