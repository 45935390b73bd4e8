import type { KubeObject } from '@fairlead/core/model';
import { annotationOf, conditionOf, valueAt } from '../../fields.ts';
import { unlessTrue } from '../../conditioned.ts';
import { healthy, progressing, suspended, type Health } from '../../verdict.ts';

/** Fields of managed resources, of composites (v2) and of composites and claims (v1) that a provider or schema always fills in. */
const marks = ['spec.forProvider', 'spec.crossplane', 'spec.compositeDeletePolicy', 'spec.compositionUpdatePolicy'];

/** The reason of `Ready` that says that the external resource is there and out of order, not on its way. */
const broken = 'Unavailable';

/**
 * Health of Crossplane's managed resources, composites and claims, whatever their kind; undefined for all others. `Synced` says
 * that the manifest reached the provider, `Ready` that what it stands for is there: a resource that was ready once stays so
 * while nothing of a newer manifest arrives, so neither may be missing.
 */
export function crossplaned(object: KubeObject): Health | undefined {
  const synced = conditionOf(object, 'Synced');
  const ready = conditionOf(object, 'Ready');
  if (!(synced && ready) && !marks.some((path) => valueAt(object, path) !== undefined)) return undefined;
  if (annotationOf(object, 'crossplane.io/paused') === 'true')
    return suspended('it is paused by crossplane.io/paused, so its provider leaves it alone');
  if (synced?.reason === 'ReconcilePaused') return progressing('it is no longer paused, and its provider goes on');
  const unsynced = unlessTrue(synced, { object });
  if (unsynced) return unsynced;
  const waits = ready === undefined || ready.reason === broken ? [] : [ready.reason];
  return unlessTrue(ready, { object, waits }) ?? healthy('it is synced and ready');
}
