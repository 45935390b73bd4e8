import {
  keyText,
  type CommitSha,
  type CountOrPercent,
  type ObjectKey,
  type Reason,
  type Sync,
} from '@fairlead/core/model';
import { allowanceOf } from './budget.ts';
import { isProtected, type InventoryEntry, type Sight } from './inventory.ts';

/** Everything that the deletion of an object that is made anew rests on. */
export interface RecreateInput {
  readonly key: ObjectKey;
  /** What the inventory has of it. */
  readonly entry: InventoryEntry | undefined;
  readonly live: Sight;
  readonly adopt: Sync['adopt'];
  readonly acknowledged: Readonly<Record<string, CommitSha>>;
  /** What the cluster's owner lets go of `total` objects in one bundle; undefined: as much as is asked for. */
  readonly budget: { readonly limit: CountOrPercent | undefined; readonly total: number; readonly spent: number };
}

/** What may be done: the object deleted under the precondition of its UID, or nothing, for a reason. */
export type RecreateDecision =
  | { readonly may: true; readonly uid: string }
  | { readonly may: false; readonly reason: Reason; readonly why: string };

/**
 * Whether an object may be deleted so that it can be made anew. It is a deletion like any other: of what is provably ours, of a
 * protected kind only once a commit acknowledges it, and within what the cluster's owner allows.
 */
export function decideRecreate(input: RecreateInput): RecreateDecision {
  const { key, entry, live, adopt, acknowledged, budget } = input;
  const refuse = (reason: Reason, why: string): RecreateDecision => ({ may: false, reason, why });
  if (live.is === 'Absent') return refuse('ObjectMissing', 'it is gone already');
  if (entry?.uid !== live.uid || !live.ours)
    return refuse('NotProvablyOurs', 'inventory, UID and field manager together do not prove that it is ours');
  if (entry.origin !== 'Created' && adopt !== 'Own')
    return refuse('NotProvablyOurs', 'it existed before the application; delete it by hand, or set sync.adopt to Own');
  const text = keyText(key);
  if (isProtected(key) && !Object.hasOwn(acknowledged, text))
    return refuse(
      'ObjectProtected',
      `a ${key.kind} is deleted only once a commit acknowledges it: Fairlead-Acknowledge: Protected … ${text}`,
    );
  if (budget.limit === undefined) return { may: true, uid: live.uid };
  if (budget.spent >= allowanceOf(budget.limit, budget.total))
    return refuse(
      'OwnerPolicyForbids',
      `the policy of the cluster's owner allows the deletion of ${budget.limit} of ${budget.total} objects`,
    );
  return { may: true, uid: live.uid };
}
