import type { KubeObject } from '@fairlead/core/model';
import { unlessTrue } from '../../../conditioned.ts';
import { conditionOf, textAt, valueAt } from '../../../fields.ts';
import { type Health, healthy, progressing } from '../../../verdict.ts';

/**
 * An ExternalSecret is healthy when its Secret holds what the manifest asks for now. It has no observed generation; what was
 * synced is kept as `GENERATION-HASH`, and `Ready` stays True of an older one until the next sync.
 */
export function check(object: KubeObject): Health {
  const unready = unlessTrue(conditionOf(object, 'Ready'), { object });
  if (unready) return unready;
  const synced = /^(\d{1,15})-/.exec(textAt(object, 'status.syncedResourceVersion'))?.[1];
  const generation = object.metadata.generation;
  if (synced !== undefined && generation !== undefined && Number(synced) !== generation && isSyncedAgain(object))
    return progressing(`generation ${synced} of ${generation} is synced`, 'StatusStale');
  const at = textAt(object, 'status.refreshTime');
  return healthy(at === '' ? 'its Secret is synced' : `its Secret was synced at ${at}`);
}

/** False where a synced Secret is left alone by the manifest's own wish, so that a newer generation is never synced. */
function isSyncedAgain(object: KubeObject): boolean {
  if (textAt(object, 'spec.refreshPolicy') === 'CreatedOnce') return false;
  const interval = valueAt(object, 'spec.refreshInterval');
  return interval !== 0 && !(typeof interval === 'string' && /^(0(h|m|s|ms)?)+$/.test(interval));
}
