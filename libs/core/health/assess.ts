import { groupOf, keyText, type KubeObject, type ObjectKey } from '@fairlead/core/model';
import { byConvention } from './conventions.ts';
import { conditionOf, textAt } from './fields.ts';
import { whileStale, whileTerminating } from './generic.ts';
import { checkOf, isUnobserved } from './registry.ts';
import type { HealthRules } from './rules/rules.ts';
import { isStatusless } from './statusless.ts';
import { healthy, type Check, type CheckContext, type Health } from './verdict.ts';

/** Options of {@link assessHealth}. */
export interface AssessOptions extends CheckContext {
  /** The application's own rules; they come before the checks of kinds. */
  readonly rules?: HealthRules;
}

/**
 * The health of one live object: terminating and stale objects are in progress, then the application's rules, then the
 * check of the kind, then the conventions of families of kinds, then the conditions that controllers share (kstatus
 * conventions). Never throws, whatever the object holds. Objects of kinds that {@link hasRule} does not name are healthy by
 * their existence: their metadata is enough.
 */
export function assessHealth(object: KubeObject, options: AssessOptions = {}): Health {
  const terminating = whileTerminating(object);
  if (terminating) return terminating;
  const group = groupOf(object.apiVersion);
  const check = checkOf(group, object.kind) ?? byConvention;
  const stale = isUnobserved(object, group) ? undefined : whileStale(object);
  if (stale) return held({ object, check, options }) ?? stale;
  const ruled = options.rules?.assess(object);
  if (ruled) return ruled;
  return isStatusless(group, object.kind) ? healthy('it exists') : check(object, options);
}

/**
 * Whether a stale object is suspended by its manifest alone: a controller that was told to look away never writes the new
 * generation, so waiting for it would last for ever.
 */
function held(asked: { object: KubeObject; check: Check; options: CheckContext }): Health | undefined {
  const { status: _answered, ...manifest } = asked.object;
  const health = asked.check(manifest, asked.options);
  return health.status === 'Suspended' ? health : undefined;
}

/** The health of an object that is wanted and does not exist. */
export function missingHealth(key: ObjectKey): Health {
  return { status: 'Missing', reason: 'ObjectMissing', message: `${keyText(key)} does not exist` };
}

/**
 * True if the health of the kind is in its body, so that it is to be watched whole: it has a check, a rule of the application,
 * or a status by which it may be judged. False: its metadata is enough.
 */
export function hasRule(group: string, kind: string, rules?: HealthRules): boolean {
  return checkOf(group, kind) !== undefined || (rules?.covers(group, kind) ?? false) || !isStatusless(group, kind);
}

/**
 * How a Job or Pod ended, if it did by its own rule: such a one may vanish (TTL, garbage collection) without being drift.
 * Undefined for everything else.
 */
export function endedAs(object: KubeObject): 'Succeeded' | 'Failed' | undefined {
  const group = groupOf(object.apiVersion);
  if (group === 'batch' && object.kind === 'Job') {
    if (conditionOf(object, 'Complete')?.status === 'True') return 'Succeeded';
    return conditionOf(object, 'Failed')?.status === 'True' ? 'Failed' : undefined;
  }
  if (group !== '' || object.kind !== 'Pod') return undefined;
  const phase = textAt(object, 'status.phase');
  return phase === 'Succeeded' || phase === 'Failed' ? phase : undefined;
}
