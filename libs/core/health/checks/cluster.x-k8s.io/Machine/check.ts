import type { KubeObject } from '@fairlead/core/model';
import { textAt } from '../../../fields.ts';
import { untilAvailable } from '../../../families/machines.ts';
import { type Health, healthy } from '../../../verdict.ts';

/** A Machine is healthy when its Node is there and ready. */
export function check(object: KubeObject): Health {
  const node = textAt(object, 'status.nodeRef.name');
  return untilAvailable(object) ?? healthy(node === '' ? 'it is available' : `it runs as node ${node}`);
}
