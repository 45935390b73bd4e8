import type { KubeObject } from '@fairlead/core/model';
import { unlessTrue } from '../../../conditioned.ts';
import { conditionOf, conditionText } from '../../../fields.ts';
import { degraded, type Health, healthy } from '../../../verdict.ts';

/** A request is healthy once its certificate is issued; denied, invalid and failed ones stay so for good. */
export function check(object: KubeObject): Health {
  for (const type of ['Denied', 'InvalidRequest']) {
    const refused = conditionOf(object, type);
    if (refused?.status === 'True') return degraded(conditionText(refused), 'RunFailed');
  }
  return (
    unlessTrue(conditionOf(object, 'Ready'), { object, waits: ['Pending'] }) ?? healthy('it is issued', 'RanToItsEnd')
  );
}
