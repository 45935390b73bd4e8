import type { KubeObject } from '@fairlead/core/model';
import { textAt } from '../../../fields.ts';
import { type Health, healthy, progressing } from '../../../verdict.ts';

/** A namespace is healthy when objects can be made in it. */
export function check(object: KubeObject): Health {
  const phase = textAt(object, 'status.phase');
  if (phase === 'Terminating') return progressing('it is being deleted', 'ObjectTerminating');
  return phase === 'Active' ? healthy('it is active') : progressing('it is not active yet');
}
