import type { HealthRule, Ignore, Sync } from './documents/application.ts';
import type { ApplicationId, Digest } from './ids.ts';
import type { ObjectKey } from './objects.ts';

/** One object of a bundle, by the digest of its canonical form. */
export interface BundleObject {
  readonly key: ObjectKey;
  readonly digest: Digest;
  /** The stage that the manifest asks for; 0 unless it says. */
  readonly stage: number;
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
