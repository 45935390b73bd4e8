import type { KubeObject } from '@fairlead/core/model';
import { textAt, valueAt } from '../../../fields.ts';
import { fluxed } from '../../../families/flux.ts';
import { type Health, healthy, suspended } from '../../../verdict.ts';

/** A HelmRepository is healthy when its index was read; one of type `oci` has none, and is only a pointer for others. */
export function check(object: KubeObject): Health {
  if (!isUnobserved(object)) return fluxed(object);
  if (valueAt(object, 'spec.suspend') === true) return suspended('it is suspended, so Flux leaves it alone');
  return healthy(`it points at ${textAt(object, 'spec.url')}`);
}

/** True where no controller ever writes a status: the observed generation stays at the -1 of the schema. */
export function isUnobserved(object: KubeObject): boolean {
  return textAt(object, 'spec.type') === 'oci' && valueAt(object, 'status.conditions') === undefined;
}
