import type { KubeObject } from '@fairlead/core/model';
import { conditionOf, conditionText, isFresh, listAt, valueAt, type Condition } from './fields.ts';
import { degraded, healthy, progressing, type Health } from './verdict.ts';

/** An object on its way out, with what it waits for; undefined for every other. */
export function whileTerminating(object: KubeObject): Health | undefined {
  if (object.metadata.deletionTimestamp === undefined) return undefined;
  const held = listAt(object, 'metadata.finalizers').filter((name) => typeof name === 'string');
  const waits =
    held.length === 0
      ? ''
      : ` and waits for ${held.length} ${held.length === 1 ? 'finalizer' : 'finalizers'}: ${held.join(', ')}`;
  return progressing([`it is being deleted${waits}`, ...whatRemains(object)].join('; '), 'ObjectTerminating');
}

/**
 * A status that answers another generation (kstatus conventions, kubernetes-sigs/cli-utils); undefined for every other. Some
 * kinds are created with an observed generation of -1 by their schema, long before any controller looks.
 */
export function whileStale(object: KubeObject): Health | undefined {
  const observed = valueAt(object, 'status.observedGeneration');
  const generation = object.metadata.generation;
  // Unequal, not less: a status restored with its object may be of a generation that this one never reached.
  if (typeof observed !== 'number' || typeof generation !== 'number' || observed === generation) return undefined;
  return progressing(
    observed < 1
      ? 'its controller has not seen it yet'
      : `its controller has seen generation ${observed} of ${generation}`,
    'StatusStale',
  );
}

/** A namespace says by conditions what keeps it from going. */
function whatRemains(object: KubeObject): readonly string[] {
  if (object.kind !== 'Namespace' || object.apiVersion !== 'v1') return [];
  const types = [
    'NamespaceDeletionDiscoveryFailure',
    'NamespaceDeletionContentFailure',
    'NamespaceContentRemaining',
    'NamespaceFinalizersRemaining',
  ];
  return types
    .map((type) => conditionOf(object, type))
    .flatMap((condition) => (condition?.status === 'True' ? [conditionText(condition)] : []));
}

/** Conditions that are normally False or absent, and what True means. */
const abnormal: readonly (readonly [string, (message: string) => Health])[] = [
  ['Stalled', degraded],
  ['Failed', degraded],
  ['Degraded', degraded],
  ['Reconciling', progressing],
];

/** Conditions that are normally True. */
const normal: readonly string[] = ['Ready', 'Available'];

/** Health by the conditions that controllers share; an object without any of them is current, as kstatus has it. */
export function byConditions(object: KubeObject): Health {
  for (const [type, verdict] of abnormal) {
    const condition = conditionOf(object, type);
    if (condition?.status === 'True' && isFresh(condition, object)) return verdict(conditionText(condition));
  }
  const known = normal.map((type) => conditionOf(object, type)).filter((condition) => condition !== undefined);
  for (const condition of known) {
    const verdict = whileNotTrue(condition, object);
    if (verdict) return verdict;
  }
  if (known.length > 0) return healthy(`it is ${known.map((condition) => condition.type.toLowerCase()).join(' and ')}`);
  return healthy(
    valueAt(object, 'status') === undefined
      ? 'it exists and has no status'
      : 'it exists and its status reports no trouble',
  );
}

/** Progress while a condition that is to be True is not, or is True of an older generation only; undefined once it is. */
export function whileNotTrue(condition: Condition, object: KubeObject): Health | undefined {
  if (!isFresh(condition, object)) {
    return progressing(
      `${condition.type} is of generation ${condition.observedGeneration} of ${object.metadata.generation}`,
      'StatusStale',
    );
  }
  return condition.status === 'True' ? undefined : progressing(conditionText(condition));
}
