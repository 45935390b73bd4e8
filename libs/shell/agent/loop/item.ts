import { hasEnded, isCurrent, type Standing } from '@fairlead/core/apply';
import type { Health } from '@fairlead/core/health';
import type { BundleObject, Digest, KubeObject, ObjectKey, Reason } from '@fairlead/core/model';
import type { InventoryEntry } from '@fairlead/core/prune';
import type { ResourceKind } from '@fairlead/ports/cluster';

/** Why an object could not be brought where it should be, and when it is tried again. */
export interface Problem {
  readonly reason: Reason;
  readonly message: string;
  readonly tries: number;
  readonly retryAtMs: number;
  /** Digest of the manifest that it happened with: another one is tried at once. */
  readonly digest: string;
  /** Nothing failed: what it waits for is on its way. */
  readonly awaited?: true;
}

/** How often an object was put right of late. */
export interface Fight {
  readonly correctedAtMs: readonly number[];
  readonly pauses: number;
  readonly pausedUntilMs: number;
}

/** The newest word of a watch. */
export type Seen = { readonly object: KubeObject; readonly whole: boolean } | 'Gone';

/** One object of an application: what is wanted, what was done, what is seen. */
export interface Item {
  readonly key: ObjectKey;
  /** `keyText` of the key. */
  readonly text: string;
  kind: ResourceKind | undefined;
  /** Undefined: it is in the inventory and leaves, or stays as it is. */
  wanted: BundleObject | undefined;
  /** The bundle has it, and asks to leave it alone. */
  ignored: boolean;
  /** Undefined: it is new. */
  entry: InventoryEntry | undefined;
  /** An intent of this process, whose apply has not been tried: nothing of it can be in the cluster. */
  untried: boolean;
  live: Standing;
  health: Health;
  problem: Problem | undefined;
  /** A call about it is under way. */
  busy: boolean;
  /** What came while it was busy. */
  latest: Seen | undefined;
  /** resourceVersion of the API server's answer to our last write: older events are echoes of what we know. */
  answered: string;
  /** resourceVersion of the drift that was reported and left alone. */
  reported: string;
  fight: Fight;
  /** It was deleted to be made anew, and is not back yet. */
  isRenewed: boolean;
  /** Digest of the manifest for which it was deleted last. */
  renewedFor: string;
}

/** No fight so far. */
export const peace: Fight = { correctedAtMs: [], pauses: 0, pausedUntilMs: 0 };

/** An item of which only the key is known. */
export function newItem(key: ObjectKey, text: string): Item {
  return {
    key,
    text,
    kind: undefined,
    wanted: undefined,
    ignored: false,
    entry: undefined,
    untried: false,
    live: 'Unknown',
    health: { status: 'Unknown', reason: 'LiveStateUnknown', message: 'it has not been looked at yet' },
    problem: undefined,
    busy: false,
    latest: undefined,
    answered: '',
    reported: '',
    fight: peace,
    isRenewed: false,
    renewedFor: '',
  };
}

/** True if `version` is not newer than `known`. Versions of one resource are ordered numbers (KEP-5504); others are only equal or not. */
export function isOldNews(version: string, known: string): boolean {
  if (version === known) return true;
  const numbers = /^\d+$/.test(version) && /^\d+$/.test(known);
  return numbers && (version.length < known.length || (version.length === known.length && version < known));
}

/** True if what is wanted is what was applied last. */
export function isApplied({ problem, entry, wanted }: Item): boolean {
  if (problem !== undefined || wanted === undefined) return false;
  return isCurrent(entry?.manifest, { manifest: wanted.digest, apply: wanted.apply });
}

/** How it ran to its end, if that is why it may be gone. */
export function endOf({ entry, wanted }: Item, bundle: Digest): 'Succeeded' | 'Failed' | undefined {
  if (wanted === undefined) return undefined;
  return hasEnded(entry, { ...wanted, manifest: wanted.digest, bundle }) ? entry?.ended?.as : undefined;
}

/** Applied, and its health lets a later stage begin. */
export function isSettled(item: Item, bundle: Digest): boolean {
  const fine = item.health.status === 'Healthy' || item.health.status === 'Suspended';
  return isApplied(item) && (fine || endOf(item, bundle) === 'Succeeded');
}
