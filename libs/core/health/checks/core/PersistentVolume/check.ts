import type { KubeObject } from '@fairlead/core/model';
import { textAt } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing } from '../../../verdict.ts';

/** A volume is healthy while it can be, or is, bound. A released one waits for a person by its reclaim policy. */
export function check(object: KubeObject): Health {
  const phase = textAt(object, 'status.phase');
  if (phase === 'Failed') return degraded(textAt(object, 'status.message') || 'it could not be reclaimed');
  if (phase === 'Pending' || phase === '') return progressing('it is not available yet');
  const claim = [textAt(object, 'spec.claimRef.namespace'), textAt(object, 'spec.claimRef.name')]
    .filter(Boolean)
    .join('/');
  return healthy(claim === '' ? `it is ${phase.toLowerCase()}` : `it is ${phase.toLowerCase()} (${claim})`);
}
