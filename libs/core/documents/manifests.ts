import { FairleadError, isMap, type KubeObject } from '@fairlead/core/model';
import { checkLength, readChunk, splitDocuments, type YamlLimits } from './yaml/read.ts';

/** An object as a render wrote it. */
export interface Manifest {
  readonly object: KubeObject;
  readonly file: string;
  /** Of the document that it stands in, from 1. */
  readonly line: number;
}

/** Options of {@link parseManifests}. */
export interface ManifestOptions {
  /** What errors name: a path, or what made the text. */
  readonly file: string;
  readonly limits?: YamlLimits;
}

function wrong(value: unknown): string | undefined {
  if (!isMap(value))
    return `it is ${Array.isArray(value) ? 'a list' : `a ${typeof value}`}, and a Kubernetes object is a mapping. Give it apiVersion, kind and metadata, or take it away.`;
  for (const field of ['apiVersion', 'kind']) {
    if (typeof value[field] !== 'string' || value[field] === '')
      return `it has no ${field}. Every Kubernetes object names its apiVersion and kind.`;
  }
  return undefined;
}

function wrongMetadata(object: Record<string, unknown>): string | undefined {
  const { metadata } = object;
  if (!isMap(metadata)) return 'it has no metadata. Give it metadata.name.';
  if (metadata['generateName'] !== undefined && metadata['name'] === undefined)
    return 'it asks for a generated name, and what git says must have a name of its own. Write metadata.name.';
  if (typeof metadata['name'] !== 'string' || metadata['name'] === '')
    return 'it has no metadata.name, or one that is not text. Write metadata.name, in quotes if it looks like a number.';
  if (
    metadata['namespace'] !== undefined &&
    metadata['namespace'] !== null &&
    typeof metadata['namespace'] !== 'string'
  )
    return 'its metadata.namespace is not text. Quote it.';
  return undefined;
}

/** Objects of a value: a List stands for its items, however deep. */
function* flatten(value: unknown, depth = 0): Generator {
  const isList =
    isMap(value) &&
    typeof value['kind'] === 'string' &&
    value['kind'].endsWith('List') &&
    Array.isArray(value['items']) &&
    depth < 8;
  if (!isList) yield value;
  else for (const item of value['items'] as unknown[]) yield* flatten(item, depth + 1);
}

function check(value: unknown, place: { file: string; line: number }): Manifest {
  const complaint = wrong(value) ?? wrongMetadata(value as Record<string, unknown>);
  if (complaint === undefined) return { object: value as KubeObject, ...place };
  const { kind, metadata } = isMap(value) ? value : {};
  const object = [kind, isMap(metadata) ? metadata['name'] : undefined]
    .filter((part) => typeof part === 'string')
    .join('/');
  throw new FairleadError(
    `Cannot use the object${object && ` ${object}`} at ${place.file}:${place.line}: ${complaint}`,
    {
      code: 'InvalidInput',
      reason: 'InvalidManifest',
      subject: object === '' ? place : { ...place, object },
    },
  );
}

/**
 * The Kubernetes objects in a text of YAML documents or JSON, in order: read as kubectl reads them, Lists flattened,
 * empty documents skipped. Integers beyond 2^53 are bigints. Throws `FairleadError` (InvalidManifest) that names file
 * and line: broken YAML, a duplicate key, a limit, an object without apiVersion, kind or name, a generated name.
 */
export function parseManifests(text: string, options: ManifestOptions): Manifest[] {
  checkLength(text, { ...options, reason: 'InvalidManifest' });
  const manifests: Manifest[] = [];
  for (const chunk of splitDocuments(text)) {
    for (const value of readChunk(chunk, { ...options, reason: 'InvalidManifest' })) {
      for (const item of flatten(value)) {
        if (item !== null && item !== undefined) manifests.push(check(item, { file: options.file, line: chunk.line }));
      }
    }
  }
  return manifests;
}
