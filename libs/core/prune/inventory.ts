import type { Digest, ObjectKey } from '@fairlead/core/model';

/** How an object came to be ours: the server answered 201 to our first apply, or it was there before. */
export type Origin = 'Created' | 'Adopted';

/**
 * One object that an application applied, or is about to apply, in a cluster. Without `uid` it is an intent: written before the
 * first apply, and settled by a look at the object before anything else is done with it.
 */
export interface InventoryEntry {
  readonly key: ObjectKey;
  readonly uid?: string;
  /** Unknown where the answer was lost; in doubt adopted. */
  readonly origin?: Origin;
  /** The stage in which it was applied (0 unless said); objects leave in the reverse order. */
  readonly stage?: number;
  /** Of the manifest that was applied last; undefined while no apply has succeeded. */
  readonly manifest?: Digest;
  /** Digest of the server's answer to that apply, reduced to what is ours. */
  readonly reduction?: string;
  /** Digest of what metadata alone told in that answer. */
  readonly metadata?: string;
  /** A Job or Pod that ran to its end: under this bundle its absence is no drift. */
  readonly ended?: { readonly bundle: Digest; readonly as: 'Succeeded' | 'Failed' };
  /** The manifest asks to leave the object in place when it goes. */
  readonly orphan?: true;
}

/** What a watch or a GET tells of one live object. */
export type Sight =
  | { readonly is: 'Absent' }
  | {
      readonly is: 'Present';
      readonly uid: string;
      readonly resourceVersion: string;
      /** Our field manager and our tracking label are on it (`isOurs`). */
      readonly ours: boolean;
      readonly terminating: boolean;
      /** What is known of why it is not gone yet, for people. */
      readonly because?: string;
    };

const protectedKinds: ReadonlySet<string> = new Set([
  '/Namespace',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  'apiextensions.k8s.io/CustomResourceDefinition',
]);

/** True for kinds whose deletion takes data, or other people's objects, with it: it needs an acknowledgement in git. */
export function isProtected(key: Pick<ObjectKey, 'group' | 'kind'>): boolean {
  return protectedKinds.has(`${key.group}/${key.kind}`);
}
