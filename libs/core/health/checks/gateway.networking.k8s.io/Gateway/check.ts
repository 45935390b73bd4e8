import type { KubeObject } from '@fairlead/core/model';
import { unlessTrue } from '../../../conditioned.ts';
import { conditionIn, conditionOf, conditionText, listAt, textAt } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing } from '../../../verdict.ts';

/**
 * A Gateway is healthy when its controller has accepted it, programmed it and every listener of it. References that do not
 * resolve are progress: a certificate is often issued after its Gateway was made.
 */
export function check(object: KubeObject): Health {
  const trouble =
    unlessTrue(conditionOf(object, 'Accepted'), { object, waits: ['Pending'] }) ??
    unlessTrue(conditionOf(object, 'Programmed'), {
      object,
      waits: ['Pending', 'AddressNotAssigned', 'NoResources'],
    }) ??
    listenerTrouble(object);
  if (trouble) return trouble;
  const given = listAt(object, 'status.addresses').map((address) => textAt(address, 'value'));
  return healthy(given.length === 0 ? 'it is programmed' : `its address is ${given.join(', ')}`);
}

function listenerTrouble(object: KubeObject): Health | undefined {
  for (const listener of listAt(object, 'status.listeners')) {
    const conditions = listAt(listener, 'conditions');
    const name = textAt(listener, 'name');
    const conflicted = conditionIn(conditions, 'Conflicted');
    if (conflicted?.status === 'True') return degraded(`listener ${name}: ${conditionText(conflicted)}`);
    for (const type of ['ResolvedRefs', 'Programmed']) {
      const condition = conditionIn(conditions, type);
      if (condition?.status === 'False') return progressing(`listener ${name}: ${conditionText(condition)}`);
    }
  }
  return undefined;
}
