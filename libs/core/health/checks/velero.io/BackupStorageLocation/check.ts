import type { KubeObject } from '@fairlead/core/model';
import { textAt } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing } from '../../../verdict.ts';

/** A location is healthy when Velero can read and write it. */
export function check(object: KubeObject): Health {
  const phase = textAt(object, 'status.phase');
  if (phase === 'Available') return healthy('it can be read and written');
  if (phase === 'Unavailable') return degraded(textAt(object, 'status.message') || 'it cannot be reached');
  return progressing('nobody has looked at it yet');
}
