import { createHash } from 'node:crypto';
import type { KubeObject } from '@fairlead/core/model';
import { FairleadError } from '@fairlead/core/model';
import type { ClusterApi, Identity, ResourceKind } from '@fairlead/ports/cluster';
import { damaged, packRecords, unpackRecords, type StateRecord } from './records.ts';

/** Secrets are the agent's own business: no application's account writes them. */
export const self: Identity = { as: 'self' };
export const secretKind: ResourceKind = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  resource: 'secrets',
  namespaced: true,
  verbs: [],
};
/** Marks all Secrets of one map, so that what a crash left behind is found. */
export const stateLabel = 'fairlead.dev/state';
/** A Secret may hold 1 MiB before base64 is undone; the rest is for its metadata. */
const partBytes = 900 * 1024;

/** Where records lie: one Secret, or several where they do not fit one. */
export interface ChunkRef {
  readonly name: string;
  readonly parts: number;
}

/** Where a map's Secrets are. */
export interface SecretPlace {
  readonly cluster: ClusterApi;
  readonly namespace: string;
  /** Name of the head, and the beginning of the names of the chunks. */
  readonly name: string;
}

/** Writes records as a chunk named by their digest; one that is there already is not written again. */
export async function writeChunk(place: SecretPlace, records: readonly StateRecord[]): Promise<ChunkRef> {
  const packed = await packRecords(records);
  const name = `${place.name}-${createHash('sha256').update(packed).digest('hex').slice(0, 32)}`;
  const parts = Math.max(1, Math.ceil(packed.length / partBytes));
  for (let part = 0; part < parts; part += 1) {
    const bytes = packed.subarray(part * partBytes, (part + 1) * partBytes);
    await createUnlessThere(place, secretOf(place, { name: partName(name, part), data: { part: bytes } }));
  }
  return { name, parts };
}

/** Reads a chunk and holds it against the digest in its name. Throws DataLoss if it is gone or damaged. */
export async function readChunk(
  place: SecretPlace,
  ref: ChunkRef,
  found?: ReadonlyMap<string, KubeObject>,
): Promise<StateRecord[]> {
  const pieces: Buffer[] = [];
  for (let part = 0; part < ref.parts; part += 1) {
    const name = partName(ref.name, part);
    const secret = found?.get(name) ?? (await place.cluster.get(secretKind, { namespace: place.namespace, name }));
    if (!secret) throw damaged(`the Secret ${place.namespace}/${name} is gone`);
    pieces.push(bytesOf(secret, 'part'));
  }
  const packed = Buffer.concat(pieces);
  const digest = createHash('sha256').update(packed).digest('hex').slice(0, 32);
  if (!ref.name.endsWith(digest)) throw damaged(`the Secret ${place.namespace}/${ref.name} has digest ${digest}`);
  return unpackRecords(packed);
}

/** The names of a chunk's Secrets. */
export function namesOf(ref: ChunkRef): string[] {
  return Array.from({ length: ref.parts }, (_, part) => partName(ref.name, part));
}

/** A Secret of the map. */
export function secretOf(
  place: SecretPlace,
  content: { name: string; data: Readonly<Record<string, Buffer>>; resourceVersion?: string | undefined },
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: content.name,
      namespace: place.namespace,
      labels: { [stateLabel]: place.name },
      ...(content.resourceVersion === undefined ? {} : { resourceVersion: content.resourceVersion }),
    },
    type: 'fairlead.dev/state',
    data: Object.fromEntries(Object.entries(content.data).map(([key, bytes]) => [key, bytes.toString('base64')])),
  };
}

/** One value of a Secret's data; empty if it has none. */
export function bytesOf(secret: KubeObject, key: string): Buffer {
  const data = secret['data'];
  const value = typeof data === 'object' && data !== null && key in data ? (data as Record<string, unknown>)[key] : '';
  return Buffer.from(typeof value === 'string' ? value : '', 'base64');
}

/** True if an error says that the object exists already. */
export function isConflict(error: unknown): boolean {
  return error instanceof FairleadError && error.code === 'Conflict';
}

async function createUnlessThere(place: SecretPlace, secret: KubeObject): Promise<void> {
  try {
    await place.cluster.create(secret, { identity: self });
  } catch (error) {
    // Named by its digest: what is there is what would be written.
    if (!isConflict(error)) throw error;
  }
}

function partName(name: string, part: number): string {
  return part === 0 ? name : `${name}-${part}`;
}
