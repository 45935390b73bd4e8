import {
  keyText,
  type ApplicationId,
  type CommitSha,
  type CountOrPercent,
  type ObjectKey,
  type Reason,
  type Sync,
} from '@fairlead/core/model';
import { allowanceOf } from './budget.ts';
import { isProtected, type InventoryEntry, type Sight } from './inventory.ts';

/** A bound on how much of an application may be deleted. */
export interface PruneBudget {
  /** A count, or a share of the inventory (rounded down, at least 1 unless it is 0). */
  readonly limit: CountOrPercent;
  /** `Default` is lifted by acknowledgement and withdrawal; `Owner`, from the cluster's own policy, by nothing that the hub says. */
  readonly by: 'Default' | 'Owner';
  /** What was deleted already in the time that the bound is for. */
  readonly spent?: number;
}

/** Everything that a decision to prune rests on. */
export interface PruneInput {
  readonly inventory: readonly InventoryEntry[];
  /**
   * What is to stay: the keys ({@link keyText}) of a bundle, `complete` once its digest was verified and every namespace filled in; or
   * `Withdrawn`, the signed word that the application leaves, which alone deletes everything.
   */
  readonly wanted: { readonly keys: ReadonlySet<string>; readonly complete: boolean } | 'Withdrawn';
  /** Place of a kind in the order of an apply within its stage (`rankOf` of the apply room): 0 for definitions. */
  readonly rankOf: (key: ObjectKey) => number;
  /** By key text; what is missing has not been looked at. */
  readonly live: ReadonlyMap<string, Sight>;
  readonly sync: Pick<Sync, 'prune' | 'adopt'>;
  /** Deletions of protected objects, or beyond the default budget, that a commit allows. */
  readonly acknowledged: Readonly<Record<string, CommitSha>>;
  readonly budgets: readonly PruneBudget[];
  /** Something of this application failed to render or to apply in this pass. */
  readonly passFailed: boolean;
  /** Objects that another application of the same team takes over under this position. */
  readonly handedTo?: ReadonlyMap<string, ApplicationId>;
  /** Namespaces that other applications have in their inventories. */
  readonly shared?: ReadonlySet<string>;
}

/** An object to delete, under the precondition of its UID. */
export interface PruneDelete {
  readonly key: ObjectKey;
  readonly uid: string;
  /** Counts from 0: one batch is gone before the next begins. */
  readonly batch: number;
}

/** An object to let go of: one patch, under the precondition of UID and resourceVersion. */
export interface PruneRelease {
  readonly key: ObjectKey;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** An object that stays for a reason, or is not ours to touch. */
export interface PruneNote {
  readonly key: ObjectKey;
  readonly reason: Reason;
  readonly message: string;
}

/** What becomes of the objects that left. Every one of them is in exactly one list. */
export interface PruneDecision {
  /** In the order in which they go: the reverse of the order in which they came. */
  readonly delete: readonly PruneDelete[];
  readonly release: readonly PruneRelease[];
  readonly handOver: readonly { readonly key: ObjectKey; readonly to: ApplicationId }[];
  /** To be taken out of the inventory without a call: gone, or not provably ours. */
  readonly forget: readonly PruneNote[];
  /** To be decided again in a later pass. */
  readonly held: readonly PruneNote[];
}

type Verdict =
  | { readonly to: 'delete'; readonly entry: InventoryEntry; readonly uid: string }
  | { readonly to: 'release'; readonly release: PruneRelease }
  | { readonly to: 'handOver'; readonly key: ObjectKey; readonly application: ApplicationId }
  | { readonly to: 'forget' | 'held'; readonly note: PruneNote };

/**
 * Decides what becomes of inventory entries that the bundle no longer names. Deletes only what inventory, UID and field manager
 * together prove to be ours; nothing for an empty or incomplete bundle, nor in a pass in which anything failed; all or nothing
 * of what a budget is for.
 */
export function decidePrune(input: PruneInput): PruneDecision {
  const leaving = input.inventory.filter(
    (entry) => input.wanted === 'Withdrawn' || !input.wanted.keys.has(keyText(entry.key)),
  );
  const verdicts = withinBudgets(
    leaving.map((entry) => verdictOn(entry, input)),
    input,
  );
  return {
    delete: inReverse(
      verdicts.flatMap((verdict) => (verdict.to === 'delete' ? [verdict] : [])),
      input.rankOf,
    ),
    release: verdicts.flatMap((verdict) => (verdict.to === 'release' ? [verdict.release] : [])),
    handOver: verdicts.flatMap((verdict) =>
      verdict.to === 'handOver' ? [{ key: verdict.key, to: verdict.application }] : [],
    ),
    forget: verdicts.flatMap((verdict) => (verdict.to === 'forget' ? [verdict.note] : [])),
    held: verdicts.flatMap((verdict) => (verdict.to === 'held' ? [verdict.note] : [])),
  };
}

function verdictOn(entry: InventoryEntry, input: PruneInput): Verdict {
  const { key } = entry;
  const note = (to: 'forget' | 'held', reason: Reason, message: string): Verdict => ({
    to,
    note: { key, reason, message },
  });
  const incomplete = incompleteBundle(input);
  if (incomplete) return note('held', incomplete.reason, incomplete.message);
  // Handing over deletes nothing, and the other application cannot apply before it has happened.
  const heir = input.handedTo?.get(keyText(key));
  if (heir !== undefined) return { to: 'handOver', key, application: heir };
  if (input.passFailed)
    return note('held', 'PruneWaits', 'something in this pass failed, and nothing is deleted in such a pass');

  const live = input.live.get(keyText(key));
  if (live === undefined) return note('held', 'LiveStateUnknown', 'it has not been looked at yet');
  if (live.is === 'Absent') return note('forget', 'ObjectMissing', 'it does not exist any more');
  if (entry.uid === undefined)
    return note('held', 'NotProvablyOurs', 'whether its first apply arrived is not settled yet');
  if (live.uid !== entry.uid) return note('forget', 'NotProvablyOurs', 'another object has its name now, which stays');
  if (!live.ours)
    return note('forget', 'NotProvablyOurs', 'our field manager or label is no longer on it, so it stays');
  if (live.terminating) return note('held', 'ObjectTerminating', live.because ?? 'it is being deleted already');
  return ours(entry, { input, live });
}

/** Of an object that is proven to be ours and is there. */
function ours(entry: InventoryEntry, about: { input: PruneInput; live: Extract<Sight, { is: 'Present' }> }): Verdict {
  const { key } = entry;
  const { input, live } = about;
  const text = keyText(key);
  const release: Verdict = { to: 'release', release: { key, uid: live.uid, resourceVersion: live.resourceVersion } };
  const withdrawn = input.wanted === 'Withdrawn';
  if (!input.sync.prune && !withdrawn) {
    return {
      to: 'held',
      note: { key, reason: 'PruneOff', message: 'it left the bundle, and the application does not prune' },
    };
  }
  const isAdopted = entry.origin !== 'Created' && input.sync.adopt !== 'Own';
  if (!input.sync.prune || isAdopted || entry.orphan || input.shared?.has(text)) return release;
  if (isProtected(key) && !Object.hasOwn(input.acknowledged, text)) {
    const message = `a ${key.kind} is deleted only once a commit acknowledges it: Fairlead-Acknowledge: Protected … ${text}`;
    return { to: 'held', note: { key, reason: 'ObjectProtected', message } };
  }
  return { to: 'delete', entry, uid: live.uid };
}

function incompleteBundle(input: PruneInput): { reason: Reason; message: string } | undefined {
  if (input.wanted === 'Withdrawn') return undefined;
  if (!input.wanted.complete) return { reason: 'BundleIncomplete', message: 'what is to stay is not fully known yet' };
  if (input.wanted.keys.size > 0) return undefined;
  return { reason: 'RenderEmpty', message: 'the bundle is empty, and an empty bundle never deletes' };
}

/** All deletions, or none: a part of them would only be a slower accident. */
function withinBudgets(verdicts: readonly Verdict[], input: PruneInput): readonly Verdict[] {
  const total = input.inventory.filter((entry) => entry.uid !== undefined).length;
  for (const budget of input.budgets) {
    const counts = (verdict: Verdict) =>
      verdict.to === 'delete' && (budget.by === 'Owner' || !isLifted(verdict.entry, input));
    const count = verdicts.filter(counts).length;
    const allowed = Math.max(allowanceOf(budget.limit, total) - (budget.spent ?? 0), 0);
    if (count <= allowed) continue;
    const spent = budget.spent ? ` after ${budget.spent} before` : '';
    const message = `${count} of ${total} objects would be deleted${spent}, and ${budget.by === 'Owner' ? "the policy of the cluster's owner" : 'the budget'} allows ${budget.limit}`;
    const reason: Reason = budget.by === 'Owner' ? 'OwnerPolicyForbids' : 'PruneBudgetExceeded';
    return verdicts.map((verdict) =>
      verdict.to === 'delete' ? { to: 'held', note: { key: verdict.entry.key, reason, message } } : verdict,
    );
  }
  return verdicts;
}

function isLifted(entry: InventoryEntry, input: PruneInput): boolean {
  return input.wanted === 'Withdrawn' || Object.hasOwn(input.acknowledged, keyText(entry.key));
}

function inReverse(
  deletions: readonly { entry: InventoryEntry; uid: string }[],
  rankOf: PruneInput['rankOf'],
): readonly PruneDelete[] {
  // Definitions that named no stage came with the first one, so they go with it.
  const first = Math.min(0, ...deletions.map(({ entry }) => entry.stage ?? 0));
  const ranked = deletions.map(({ entry, uid }) => {
    const rank = rankOf(entry.key);
    return { key: entry.key, uid, text: keyText(entry.key), rank, stage: entry.stage || (rank === 0 ? first : 0) };
  });
  ranked.sort((a, b) => b.stage - a.stage || b.rank - a.rank || (a.text < b.text ? 1 : a.text > b.text ? -1 : 0));
  let batch = 0;
  return ranked.map(({ key, uid, stage, rank }, index) => {
    const before = ranked[index - 1];
    if (before && (before.stage !== stage || before.rank !== rank)) batch += 1;
    return { key, uid, batch };
  });
}
