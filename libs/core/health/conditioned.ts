import type { KubeObject } from '@fairlead/core/model';
import { conditionOf, type Condition } from './fields.ts';
import { whileNotTrue } from './generic.ts';
import { degraded, healthy, progressing, suspended, type Check, type Health } from './verdict.ts';

/** How a kind says by one condition whether it works. */
export interface OneCondition {
  /** The condition that is True once it works. */
  readonly type: string;
  /** What is said then. */
  readonly works: string;
  /** Reasons with which False is a step on the way; with every other one its controller says that it failed. */
  readonly waits?: readonly string[];
  /** Why its own specification or annotation keeps its controller away; undefined: it does not. Reads no status. */
  readonly heldBy?: (object: KubeObject) => string | undefined;
}

/** The check of a kind whose health is in one condition. Without the condition, its controller has not seen the object. */
export function byOneCondition(rule: OneCondition): Check {
  return (object) => {
    const held = rule.heldBy?.(object);
    if (held !== undefined) return suspended(held);
    return unlessTrue(conditionOf(object, rule.type), { object, waits: rule.waits }) ?? healthy(rule.works);
  };
}

/**
 * Undefined once a condition is True of the object as it is now. False is failure, but for the reasons that `waits` lists;
 * everything else is progress, and no condition at all is a controller that has not looked.
 */
export function unlessTrue(
  condition: Condition | undefined,
  by: { readonly object: KubeObject; readonly waits?: readonly string[] | undefined },
): Health | undefined {
  if (!condition) return progressing('its controller has not seen it yet', 'StatusStale');
  const pending = whileNotTrue(condition, by.object);
  const failed = pending?.reason === 'ReconcileInProgress' && condition.status === 'False';
  return failed && !by.waits?.includes(condition.reason) ? degraded(pending.message) : pending;
}
