import { createHash } from 'node:crypto';
import {
  splitApplicationId,
  type ApplicationId,
  type Digest,
  type JsonObject,
  type KubeObject,
} from '@fairlead/core/model';
import { byCodePoint, canonicalJson } from './canonical/json.ts';
import { canonicalObject } from './canonical/object.ts';

/** SHA-256 of bytes, or of a text's UTF-8, as `sha256:` and 64 hex digits. */
export function sha256(data: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}` as Digest;
}

/** Digest of a value's canonical JSON. */
export function valueDigest(value: unknown): Digest {
  return sha256(canonicalJson(value));
}

/** Digest of an object's canonical form; equal for manifests that ask for the same. */
export function objectDigest(object: KubeObject): Digest {
  return valueDigest(canonicalObject(object));
}

/** A file of a source, as far as its digest goes. */
export interface TreeFile {
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

/** Digest of the files that a render may read: paths, contents and executable bits; the order does not matter. */
export function treeDigest(files: ReadonlyMap<string, TreeFile>): Digest {
  const entries = [...files].sort(([a], [b]) => byCodePoint(a, b));
  return valueDigest(entries.map(([path, { bytes, executable }]) => [path, executable, sha256(bytes)]));
}

/** What a release is made of. */
export interface ReleaseParts {
  /** {@link definitionContent} of the application. */
  readonly content: JsonObject;
  /** Digest of the files, by the source's name. */
  readonly sources: Readonly<Record<string, Digest>>;
  /** Version, by the renderer's name. */
  readonly renderer: Readonly<Record<string, string>>;
}

/** The digest that names a release: definition's content, sources, renderer. Revisions, URLs and policy are not in it. */
export function releaseDigest({ content, sources, renderer }: ReleaseParts): Digest {
  return valueDigest({ content, sources, renderer });
}

/** Value of the tracking label `fairlead.dev/application`: 16 hex digits of the SHA-256 of TEAM/NAME. */
export function trackingId(application: ApplicationId): string {
  const { team, name } = splitApplicationId(application);
  return createHash('sha256').update(`${team}/${name}`).digest('hex').slice(0, 16);
}
