import type { HealthRule, Ignore, Sync } from './documents/application.ts';
import type { ApplicationId, Digest } from './ids.ts';
import type { ObjectKey } from './objects.ts';

/**
 * Annotation `fairlead.dev/apply`. `CreateOnly`: made where it is missing, and never changed afterwards. `Ignore`: neither made, changed
 * nor deleted. `Recreate`: deleted and made anew where the API server says that a field of it cannot be changed.
 */
export const applyModes = ['CreateOnly', 'Ignore', 'Recreate'] as const;
/** A value of {@link applyModes}. */
export type ApplyMode = (typeof applyModes)[number];

/** One object of a bundle, by the digest of its canonical form, and what its annotations ask for. */
export interface BundleObject {
  readonly key: ObjectKey;
  readonly digest: Digest;
  /** Annotation `fairlead.dev/stage`; 0 unless it says. */
  readonly stage: number;
  /** Unset: it is applied and kept as it was applied. */
  readonly apply?: ApplyMode;
  /** Annotation `fairlead.dev/run`: a Job or Pod that runs once for each manifest. */
  readonly run?: 'once';
  /** Annotation `fairlead.dev/prune`: where it leaves the bundle, it stays in the cluster. */
  readonly prune?: 'Orphan';
}

/**
 * What a release renders to for one cluster: ordered objects and how they are applied. Its digest is the SHA-256 of its
 * canonical JSON, so everything that changes what a cluster does is in it.
 */
export interface BundleIndex {
  readonly application: ApplicationId;
  /** For namespaced objects that name none. */
  readonly namespace: string;
  /** In the agent's namespace; what every write impersonates. */
  readonly serviceAccount: string;
  readonly sync: Sync;
  readonly ignore: readonly Ignore[];
  readonly health: readonly HealthRule[];
  /** Sorted by stage, then key. */
  readonly objects: readonly BundleObject[];
}
