import type { ApplyMode, BundleObject, Digest, Reason, Sync } from '@fairlead/core/model';

/** What the inventory keeps of an object that decides whether it is sent again. */
export interface LastApplied {
  readonly uid?: string;
  readonly manifest?: Digest;
  readonly ended?: { readonly bundle: Digest };
}

/** How the live object stands, by what was last seen of it. */
export type Standing =
  /** Nobody has looked since the agent started. */
  | 'Unknown'
  | 'Absent'
  /** Its reduction, or what its metadata tells, is the one of the server's answer to our last apply. */
  | 'AsApplied'
  /** Its metadata tells that somebody wrote to it, and not what. */
  | 'Touched'
  /** Fields that we applied are not as they were, or it is another object of the same name. */
  | 'Drifted'
  | 'Terminating';

/** What a decision about one object of the bundle rests on. */
export interface ObjectInput {
  /** Digest of the manifest that is wanted. */
  readonly manifest: Digest;
  readonly bundle: Digest;
  /** Undefined where the inventory does not name it. */
  readonly last: LastApplied | undefined;
  readonly live: Standing;
  readonly drift: Sync['drift'];
  /** What its annotations ask for. */
  readonly orders: Pick<BundleObject, 'apply' | 'run'>;
}

/** What to do with one object now. */
export interface ObjectDecision {
  /**
   * `Skip`: it is as it should be, and nothing is sent. `Apply`. `Look`: read the object and see how it stands. `Settle`: an
   * intent whose apply may have arrived; read the object before any retry. `Report`: it drifted, and is only shown. `Wait`: an
   * event will come. `Renew`: what ran to its end is deleted, and made anew by another manifest.
   */
  readonly do: 'Skip' | 'Apply' | 'Look' | 'Settle' | 'Report' | 'Wait' | 'Renew';
  readonly reason: Reason;
}

/** Decides about one object of the bundle. A pass in which every answer is `Skip` sends nothing at all. */
export function decideObject(input: ObjectInput): ObjectDecision {
  const { last, live, orders } = input;
  if (orders.run === 'once' && hasEnded(last, { ...input, ...orders })) return { do: 'Skip', reason: 'RanToItsEnd' };
  if (live === 'Terminating') return { do: 'Wait', reason: 'ObjectTerminating' };
  if (last === undefined) return { do: 'Apply', reason: 'NotAppliedYet' };
  if (last.uid === undefined) return { do: 'Settle', reason: 'NotAppliedYet' };
  if (last.manifest === undefined) return { do: 'Apply', reason: 'NotAppliedYet' };
  if (!isCurrent(last.manifest, { manifest: input.manifest, apply: orders.apply }))
    return orders.run === 'once' ? nextRun(last, live) : { do: 'Apply', reason: 'ManifestChanged' };
  if (live === 'Absent' && hasEnded(last, { ...input, ...orders })) return { do: 'Skip', reason: 'RanToItsEnd' };
  if (live === 'AsApplied' || input.drift === 'Off') return { do: 'Skip', reason: 'Applied' };
  if (live === 'Unknown') return { do: 'Look', reason: 'LiveStateUnknown' };
  if (live === 'Touched') return { do: 'Look', reason: 'Drifted' };
  return {
    do: input.drift === 'Correct' ? 'Apply' : 'Report',
    reason: live === 'Absent' ? 'ObjectMissing' : 'Drifted',
  };
}

/** True if nothing newer than what was applied is to be sent: what is only created has no newer one. */
export function isCurrent(
  applied: Digest | undefined,
  wanted: { readonly manifest: Digest; readonly apply: ApplyMode | undefined },
): boolean {
  return wanted.apply === 'CreateOnly' ? applied !== undefined : applied === wanted.manifest;
}

/**
 * True if the object ran to its end, so that its absence is no drift: a Job or Pod under this bundle, or, if it is to run once, with
 * this manifest, whatever else changed since.
 */
export function hasEnded(
  last: LastApplied | undefined,
  wanted: { readonly manifest: Digest; readonly bundle: Digest; readonly run?: BundleObject['run'] },
): boolean {
  if (last?.ended === undefined) return false;
  return wanted.run === 'once' ? last.manifest === wanted.manifest : last.ended.bundle === wanted.bundle;
}

/** The server changes no run, and one that is under way is not cut off. */
function nextRun(last: LastApplied, live: Exclude<Standing, 'Terminating'>): ObjectDecision {
  if (live === 'Absent') return { do: 'Apply', reason: 'ManifestChanged' };
  if (last.ended) return { do: 'Renew', reason: 'ManifestChanged' };
  return live === 'Unknown' ? { do: 'Look', reason: 'LiveStateUnknown' } : { do: 'Wait', reason: 'StillRunning' };
}
