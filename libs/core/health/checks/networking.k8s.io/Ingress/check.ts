import type { KubeObject } from '@fairlead/core/model';
import { listAt, textAt } from '../../../fields.ts';
import { type Health, healthy } from '../../../verdict.ts';

/**
 * An Ingress is healthy once it exists. An address is shown and not waited for: many controllers never publish one, and the API
 * does not ask them to.
 */
export function check(object: KubeObject): Health {
  const given = listAt(object, 'status.loadBalancer.ingress').map(
    (entry) => textAt(entry, 'ip') || textAt(entry, 'hostname'),
  );
  return healthy(given.length === 0 ? 'no controller has published an address' : `its address is ${given.join(', ')}`);
}
