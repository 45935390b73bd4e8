import type { KubeObject } from '@fairlead/core/model';
import { conditionOf, conditionText, isFresh, type Condition } from './fields.ts';
import { whileNotTrue } from './generic.ts';
import { degraded, healthy, progressing, type Check, type Health } from './verdict.ts';

/** How a kind says by one condition whether it works. */
export interface OneCondition {
  /** The condition that is True once it works. */
  readonly type: string;
  /** What is said then. */
  readonly works: string;
  /** Reasons with which False is a step on the way; with every other one its controller says that it failed. */
  readonly waits?: readonly string[];
}

/** The check of a kind whose health is in one condition. Without the condition, its controller has not seen the object. */
export function byOneCondition(rule: OneCondition): Check {
  return (object) => unlessTrue(conditionOf(object, rule.type), { object, waits: rule.waits }) ?? healthy(rule.works);
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
  const failed = condition.status === 'False' && isFresh(condition, by.object) && !by.waits?.includes(condition.reason);
  return failed ? degraded(conditionText(condition)) : whileNotTrue(condition, by.object);
}
