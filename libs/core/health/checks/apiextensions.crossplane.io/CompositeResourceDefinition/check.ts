import type { KubeObject } from '@fairlead/core/model';
import { unlessTrue } from '../../../conditioned.ts';
import { conditionOf, valueAt } from '../../../fields.ts';
import { type Health, healthy } from '../../../verdict.ts';

/** A definition is healthy when its composite is served, and its claim where it has one. */
export function check(object: KubeObject): Health {
  const offers = valueAt(object, 'spec.claimNames') !== undefined;
  return (
    unlessTrue(conditionOf(object, 'Established'), { object, waits: ['WatchingCompositeResource'] }) ??
    (offers
      ? unlessTrue(conditionOf(object, 'Offered'), { object, waits: ['WatchingCompositeResourceClaim'] })
      : undefined) ??
    healthy(offers ? 'its composite and its claim are served' : 'its composite is served')
  );
}
