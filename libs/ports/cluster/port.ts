import type { FairleadError, KubeObject, ObjectKey } from '@fairlead/core/model';

/** A kind as discovery names it. */
export interface ResourceKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural in URLs. */
  readonly resource: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** Whose rights a call uses: the agent's own, or those of a service account that it impersonates. */
export type Identity =
  | { readonly as: 'self' }
  | { readonly as: 'serviceAccount'; readonly namespace: string; readonly name: string };

/** What every write says. There is no path without an identity. */
export interface WriteOptions {
  readonly identity: Identity;
  readonly signal?: AbortSignal;
}

/** Options of a server-side apply. */
export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take fields from other managers. */
  readonly force: boolean;
  readonly dryRun?: boolean;
}

/** The server's answer to an apply. */
export interface Applied {
  readonly object: KubeObject;
  /** 201 rather than 200. */
  readonly created: boolean;
}

/** Conditions under which a deletion counts. */
export interface DeleteOptions extends WriteOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly dryRun?: boolean;
}

/** A patch of fields, conditioned on the version that the caller has seen. */
export interface PatchOptions extends WriteOptions {
  readonly type: 'json' | 'merge';
  readonly fieldManager: string;
  readonly dryRun?: boolean;
  readonly subresource?: string;
}

/** What a watch selects. */
export interface WatchOptions {
  readonly kind: ResourceKind;
  /** Label selector; undefined for all objects. */
  readonly selector?: string;
  readonly namespace?: string;
  /** Only `metadata` of each object (PartialObjectMetadata). */
  readonly metadataOnly: boolean;
  readonly signal: AbortSignal;
  /** Whose rights are used; the agent's own if unset. */
  readonly identity?: Identity;
  /**
   * Hears of every failed list or broken watch, before the pause that follows it; what was seen before is old until the next
   * `Synced`. `DataLoss`: the server's data were restored from an older copy than was seen.
   */
  readonly onError?: (error: FairleadError) => void;
}

/**
 * One step of a watch. `Reset` opens every (re)list: the `Synced` that follows it closes the list, and whatever the
 * list did not name is gone or no longer matches.
 */
export type WatchEvent =
  | { readonly type: 'Reset' }
  | { readonly type: 'Seen'; readonly object: KubeObject }
  | { readonly type: 'Gone'; readonly object: KubeObject }
  | { readonly type: 'Synced' };

/**
 * A Kubernetes API server, as the agent uses it. Every method throws `FairleadError`: `NotFound`, `Conflict` (409),
 * `PermissionDenied` (reason Forbidden), `ResourceExhausted` with `retry.afterMs` (429), `Unavailable` (connection
 * or 5xx, retry backoff), `InvalidInput` (400, 422; reason ApplyFailed) – the message holds the server's own words,
 * save those that may quote a Secret. `apiFailureOf` gives status, fields and, of an apply's conflict, managers.
 * A caller's own abort is `Aborted` (reason Shutdown). No method tries a write again: whether an apply created
 * the object (201) is known only once. Objects from lists and watches carry apiVersion and kind, also metadata-only ones.
 */
export interface ClusterApi {
  /**
   * The kind of an object; refreshes discovery once before it gives up (undefined: the server does not know it).
   * `Unavailable` where discovery of its group is down, for then nobody knows.
   */
  kindOf(object: { apiVersion: string; kind: string }): Promise<ResourceKind | undefined>;
  /** The preferred version of a group and kind. */
  preferredKind(group: string, kind: string): Promise<ResourceKind | undefined>;
  /** Every kind of a group, each in its preferred version; none where the server does not serve the group. Subresources are none. */
  kindsOfGroup(group: string): Promise<readonly ResourceKind[]>;
  /** Forgets what discovery said, after a CRD or an APIService came. */
  forgetKinds(): void;
  /** gitVersion of the server, such as `v1.36.1`. */
  version(): Promise<string>;
  apply(object: KubeObject, options: ApplyOptions): Promise<Applied>;
  /** Undefined when it does not exist; `NotFound` (reason KindUnknown) when the server does not serve the kind. */
  get(
    kind: ResourceKind,
    key: Pick<ObjectKey, 'namespace' | 'name'>,
    options?: { identity?: Identity; signal?: AbortSignal; metadataOnly?: boolean },
  ): Promise<KubeObject | undefined>;
  /** All objects, read in pages; with `limit` it stops after that many. */
  list(
    kind: ResourceKind,
    options?: {
      namespace?: string;
      selector?: string;
      identity?: Identity;
      signal?: AbortSignal;
      limit?: number;
      metadataOnly?: boolean;
    },
  ): Promise<KubeObject[]>;
  /** Creates with POST; used for what must not exist yet. */
  create(object: KubeObject, options: WriteOptions): Promise<KubeObject>;
  /** Replaces with PUT, guarded by the object's resourceVersion. */
  replace(object: KubeObject, options: WriteOptions): Promise<KubeObject>;
  patch(
    kind: ResourceKind,
    key: Pick<ObjectKey, 'namespace' | 'name'>,
    patch: { body: unknown; options: PatchOptions },
  ): Promise<KubeObject>;
  /** Resolves when the server took the deletion; an object that is gone already is no error. */
  delete(kind: ResourceKind, key: Pick<ObjectKey, 'namespace' | 'name'>, options: DeleteOptions): Promise<void>;
  /** Lists in pages, then watches with bookmarks; comes back by itself after 410, errors and closed connections, with backoff. Ends when the signal aborts. */
  watch(options: WatchOptions): AsyncIterable<WatchEvent>;
}
