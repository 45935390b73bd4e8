import type { KubeObject } from '@fairlead/core/model';
import { firstShort, notObserved } from '../../../counts.ts';
import { numberAt, textAt } from '../../../fields.ts';
import { type Health, healthy } from '../../../verdict.ts';

/** A DaemonSet is healthy when every node that it selects runs an available Pod of the newest template. `OnDelete` leaves updates to people. */
export function check(object: KubeObject): Health {
  const unseen = notObserved(object);
  if (unseen) return unseen;
  const want = numberAt(object, 'status.desiredNumberScheduled');
  const rolling = textAt(object, 'spec.updateStrategy.type') !== 'OnDelete';
  const short = firstShort([
    { have: numberAt(object, 'status.currentNumberScheduled'), want, what: 'Pods scheduled' },
    ...(rolling ? [{ have: numberAt(object, 'status.updatedNumberScheduled'), want, what: 'Pods updated' }] : []),
    { have: numberAt(object, 'status.numberReady'), want, what: 'Pods ready' },
    { have: numberAt(object, 'status.numberAvailable'), want, what: 'Pods available' },
  ]);
  if (short) return short;
  return healthy(want === 0 ? 'no node is selected' : `${want} of ${want} Pods available`);
}
