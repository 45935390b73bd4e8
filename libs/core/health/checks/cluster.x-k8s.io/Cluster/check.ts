import type { KubeObject } from '@fairlead/core/model';
import { textAt } from '../../../fields.ts';
import { untilAvailable } from '../../../families/machines.ts';
import { type Health, healthy } from '../../../verdict.ts';

/** A Cluster is healthy when its infrastructure and control plane are available. */
export function check(object: KubeObject): Health {
  const host = textAt(object, 'spec.controlPlaneEndpoint.host');
  return untilAvailable(object) ?? healthy(host === '' ? 'it is available' : `it is available at ${host}`);
}
