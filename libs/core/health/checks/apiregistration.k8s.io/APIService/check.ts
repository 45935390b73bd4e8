import type { KubeObject } from '@fairlead/core/model';
import { conditionOf } from '../../../fields.ts';
import { whileNotTrue } from '../../../generic.ts';
import { type Health, healthy, progressing } from '../../../verdict.ts';

/** An API is healthy when the aggregator reaches the server behind it. */
export function check(object: KubeObject): Health {
  const available = conditionOf(object, 'Available');
  if (!available) return progressing('nobody has looked for the API yet');
  return whileNotTrue(available, object) ?? healthy('the API answers');
}
