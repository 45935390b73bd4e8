import type { KubeObject } from '@fairlead/core/model';
import { conditionOf, conditionText } from '../../../fields.ts';
import { whileNotTrue } from '../../../generic.ts';
import { degraded, type Health, healthy, progressing } from '../../../verdict.ts';

/** A definition is healthy when the API server serves its kind. Where its conditions carry a generation, it counts. */
export function check(object: KubeObject): Health {
  const names = conditionOf(object, 'NamesAccepted');
  if (names?.status === 'False') return degraded(conditionText(names));
  const established = conditionOf(object, 'Established');
  if (!established) return progressing('its kind is not served yet');
  return whileNotTrue(established, object) ?? healthy('its kind is served');
}
