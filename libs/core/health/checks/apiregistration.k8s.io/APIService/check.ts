import type { KubeObject } from '@fairlead/core/model';
import { conditionOf, conditionText } from '../../../fields.ts';
import { type Health, healthy, progressing } from '../../../verdict.ts';

/** An API is healthy when the aggregator reaches the server behind it. */
export function check(object: KubeObject): Health {
  const available = conditionOf(object, 'Available');
  if (available?.status === 'True') return healthy('the API answers');
  return progressing(available ? conditionText(available) : 'nobody has looked for the API yet');
}
