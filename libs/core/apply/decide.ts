import type { Digest, Reason, Sync } from '@fairlead/core/model';

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
}

/** What to do with one object now. */
export interface ObjectDecision {
  /**
   * `Skip`: it is as it should be, and nothing is sent. `Apply`. `Look`: read the object and see how it stands. `Settle`: an
   * intent whose apply may have arrived; read the object before any retry. `Report`: it drifted, and is only shown. `Wait`: an
   * event will come.
   */
  readonly do: 'Skip' | 'Apply' | 'Look' | 'Settle' | 'Report' | 'Wait';
  readonly reason: Reason;
}

/** Decides about one object of the bundle. A pass in which every answer is `Skip` sends nothing at all. */
export function decideObject(input: ObjectInput): ObjectDecision {
  const { last, live } = input;
  if (live === 'Terminating') return { do: 'Wait', reason: 'ObjectTerminating' };
  if (last === undefined) return { do: 'Apply', reason: 'NotAppliedYet' };
  if (last.uid === undefined) return { do: 'Settle', reason: 'NotAppliedYet' };
  if (last.manifest === undefined) return { do: 'Apply', reason: 'NotAppliedYet' };
  if (last.manifest !== input.manifest) return { do: 'Apply', reason: 'ManifestChanged' };
  if (live === 'Absent' && last.ended?.bundle === input.bundle) return { do: 'Skip', reason: 'RanToItsEnd' };
  if (live === 'AsApplied' || input.drift === 'Off') return { do: 'Skip', reason: 'Applied' };
  if (live === 'Unknown') return { do: 'Look', reason: 'LiveStateUnknown' };
  if (live === 'Touched') return { do: 'Look', reason: 'Drifted' };
  return {
    do: input.drift === 'Correct' ? 'Apply' : 'Report',
    reason: live === 'Absent' ? 'ObjectMissing' : 'Drifted',
  };
}
