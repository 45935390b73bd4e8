import {
  FairleadError,
  keyOf,
  keyText,
  type ApplicationId,
  type BundleIndex,
  type BundleObject,
  type Digest,
  type HealthRule,
  type Ignore,
  type KubeObject,
  type ObjectKey,
  type Reason,
  type Sync,
} from '@fairlead/core/model';
import { byCodePoint, canonicalJson } from './canonical/json.ts';
import { canonicalObject } from './canonical/object.ts';
import { sha256 } from './digest.ts';
import { ordersOf } from './orders.ts';

/** What a render gave, and how it is to be applied. */
export interface BundleParts {
  readonly application: ApplicationId;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly sync: Sync;
  readonly ignore: readonly Ignore[];
  readonly health: readonly HealthRule[];
  readonly objects: readonly KubeObject[];
}

/** A bundle and all that it names, as the bytes that travel. */
export interface Bundle {
  readonly index: BundleIndex;
  /** Canonical JSON of the index. */
  readonly indexBytes: Uint8Array;
  /** Of {@link indexBytes}: the bundle's name. */
  readonly digest: Digest;
  /** Canonical JSON of each object, by its digest. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

function refuse(
  message: string,
  options: { reason: Reason; application: ApplicationId; object?: string },
): FairleadError {
  const { reason, ...subject } = options;
  return new FairleadError(message, { code: 'InvalidInput', reason, subject });
}

function checkShape(object: KubeObject, application: ApplicationId): void {
  const name = [object.kind, object.metadata?.name].filter(Boolean).join('/') || 'object without kind and name';
  const missing = [
    object.apiVersion ? '' : 'apiVersion',
    object.kind ? '' : 'kind',
    object.metadata?.name ? '' : 'metadata.name',
  ].filter(Boolean);
  if (missing.length === 0) return;
  const generated = (object.metadata as { generateName?: unknown } | undefined)?.generateName !== undefined;
  const hint = generated
    ? 'A generated name cannot be kept in step with git: write metadata.name.'
    : 'Write what is missing into the manifest.';
  throw refuse(`Cannot bundle ${name} of ${application}: it has no ${missing.join(' and no ')}. ${hint}`, {
    reason: 'InvalidManifest',
    application,
    object: name,
  });
}

function compareKeys(a: ObjectKey, b: ObjectKey): number {
  return (
    byCodePoint(a.group, b.group) ||
    byCodePoint(a.kind, b.kind) ||
    byCodePoint(a.namespace, b.namespace) ||
    byCodePoint(a.name, b.name)
  );
}

function checkOnce(objects: readonly BundleObject[], parts: BundleParts): void {
  const seen = new Set<string>();
  for (const { key } of objects) {
    // An object that names the default namespace is the one that leaves it out; a cluster-scoped one names neither.
    const text = keyText(key.namespace === parts.namespace ? { ...key, namespace: '' } : key);
    if (seen.has(text)) {
      const object = keyText(key);
      throw refuse(`Cannot bundle ${parts.application}: the render holds ${object} twice. Take one of them out.`, {
        reason: 'DuplicateObject',
        application: parts.application,
        object,
      });
    }
    seen.add(text);
  }
}

/**
 * The bundle that a render's objects make: canonical, sorted by stage and key, named by the digest over all that changes
 * what a cluster does. The order of the objects given does not matter. Throws `FairleadError`: RenderEmpty,
 * InvalidManifest, DuplicateObject.
 */
export function buildBundle(parts: BundleParts): Bundle {
  const { application, namespace, serviceAccount, sync, ignore, health } = parts;
  if (parts.objects.length === 0) {
    throw refuse(
      `Cannot bundle ${application}: the render gave no objects, and an empty render never deletes. Check path and source; to remove the application, delete its document.`,
      {
        reason: 'RenderEmpty',
        application,
      },
    );
  }
  const blobs = new Map<Digest, Uint8Array>();
  const encoder = new TextEncoder();
  const objects = parts.objects.map((object): BundleObject => {
    checkShape(object, application);
    const canonical = canonicalObject(object);
    const bytes = encoder.encode(canonicalJson(canonical));
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { key: keyOf(canonical), digest, ...ordersOf(canonical, application) };
  });
  checkOnce(objects, parts);
  objects.sort((a, b) => a.stage - b.stage || compareKeys(a.key, b.key));
  const index: BundleIndex = { application, namespace, serviceAccount, sync, ignore, health, objects };
  const indexBytes = encoder.encode(canonicalJson(index));
  return { index, indexBytes, digest: sha256(indexBytes), blobs };
}
