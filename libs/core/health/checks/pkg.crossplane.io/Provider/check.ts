import type { KubeObject } from '@fairlead/core/model';
import { unlessTrue } from '../../../conditioned.ts';
import { annotationOf, conditionOf } from '../../../fields.ts';
import { type Health, healthy, suspended } from '../../../verdict.ts';

/** A Provider, a Function or a Configuration is healthy when its package is installed and its active revision works. */
export function check(object: KubeObject): Health {
  if (annotationOf(object, 'crossplane.io/paused') === 'true')
    return suspended('it is paused by crossplane.io/paused, so its revisions stay as they are');
  return (
    unlessTrue(conditionOf(object, 'Installed'), { object, waits: ['UnpackingPackage', 'InactivePackageRevision'] }) ??
    unlessTrue(conditionOf(object, 'Healthy'), { object }) ??
    healthy('its package is installed and works')
  );
}
