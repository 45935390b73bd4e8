import { createHash } from 'node:crypto';
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { byteCache, type ByteCache } from './byteCache.ts';
import { applyDelta, lengthAt } from './delta.ts';
import { readPackIndex, type PackIndex } from './packIndex.ts';

/** A blob and the name that it was asked for by. */
export type NamedBlob = readonly [oid: string, bytes: Uint8Array];

/** Blobs that lie in the packs of a repository, read with Node's zlib and without holding packs in memory. */
export interface Packs {
  /**
   * One after the other, in the order in which they lie there. Left out is what lies in no pack, and what is not there as
   * it should be: whoever asked looks elsewhere.
   */
  blobs(oids: readonly string[]): AsyncGenerator<NamedBlob, void, undefined>;
}

/** How much of a pack is read at a time, for objects that are asked for together mostly lie together. */
const windowBytes = 2 ** 18;
/** Bases of deltas that are kept during a call. */
const baseBytes = 2 ** 23;
/** git itself makes chains of 50, or of 4,095 at most. */
const longestChain = 4_096;

const kinds = { blob: 3, byOffset: 6, byName: 7 } as const;

/** Opens the packs of a bare repository. Their indexes are kept; the list of them is read at each call. */
export function openPacks(gitdir: string): Packs {
  const folder = join(gitdir, 'objects/pack');
  const indexes = new Map<string, Promise<PackIndex | undefined>>();
  const refresh = async (): Promise<void> => {
    const names = new Set((await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.idx')));
    for (const name of indexes.keys()) if (!names.has(name)) indexes.delete(name);
    for (const name of names)
      if (!indexes.has(name))
        indexes.set(
          name,
          readPackIndex(join(folder, name)).catch(() => undefined),
        );
  };
  return {
    async *blobs(oids) {
      await refresh();
      const wanted = new Set(oids);
      for (const [name, reading] of indexes) {
        const index = await reading;
        if (index === undefined) continue;
        const here = [...wanted].flatMap((oid) => {
          const offset = index.offsetOf(oid);
          return offset === undefined ? [] : [{ oid, offset }];
        });
        if (here.length === 0) continue;
        const file = await open(join(folder, `${name.slice(0, -'.idx'.length)}.pack`)).catch(() => undefined);
        if (file === undefined) continue;
        try {
          const pack = await openPack(file, { index, readAhead: here.length === 1 ? 0 : windowBytes });
          for (const { oid, offset } of here.sort((a, b) => a.offset - b.offset)) {
            const bytes = await pack.blob(offset).catch(() => undefined);
            if (bytes === undefined || nameOf(bytes) !== oid) continue;
            wanted.delete(oid);
            yield [oid, bytes];
          }
        } finally {
          await file.close();
        }
      }
    },
  };
}

function nameOf(blob: Uint8Array): string {
  return createHash('sha1').update(`blob ${blob.length}\0`).update(blob).digest('hex');
}

interface Made {
  readonly kind: number;
  readonly bytes: Buffer;
}

async function openPack(
  file: FileHandle,
  { index, readAhead }: { readonly index: PackIndex; readonly readAhead: number },
): Promise<{ blob(offset: number): Promise<Buffer | undefined> }> {
  const { size } = await file.stat();
  const read = windowed(file, readAhead);
  const bases: ByteCache<number, Made> = byteCache(baseBytes);
  const entryAt = async (offset: number): Promise<Entry | undefined> => {
    const end = index.endOf(offset, size);
    return end === undefined ? undefined : parseEntry(await read(offset, end - offset), { offset, index });
  };
  return {
    async blob(offset) {
      // Down to an object that is whole or known, then up again by the deltas.
      const deltas: { readonly offset: number; readonly bytes: Buffer }[] = [];
      let made: Made | undefined;
      for (let at: number | undefined = offset; made === undefined;) {
        made = bases.get(at);
        if (made !== undefined) break;
        const entry: Entry | undefined = await entryAt(at);
        if (entry === undefined || deltas.length > longestChain) return undefined;
        if (entry.base === undefined) made = { kind: entry.kind, bytes: entry.bytes };
        else deltas.push({ offset: at, bytes: entry.bytes });
        if (made === undefined) at = entry.base ?? at;
        else bases.set(at, made, made.bytes.length + 100);
      }
      for (const delta of deltas.reverse()) {
        const bytes = applyDelta(made.bytes, delta.bytes);
        if (bytes === undefined) return undefined;
        made = { kind: made.kind, bytes };
        bases.set(delta.offset, made, bytes.length + 100);
      }
      return made.kind === kinds.blob ? made.bytes : undefined;
    },
  };
}

/** One object as it lies in the pack; with a base, its bytes are a delta. */
interface Entry {
  readonly kind: number;
  readonly base?: number;
  readonly bytes: Buffer;
}

/** Undefined for what is no object, and for a delta whose base lies in another pack. */
function parseEntry(raw: Buffer, { offset, index }: { offset: number; index: PackIndex }): Entry | undefined {
  const first = raw[0] ?? 0;
  const kind = (first >> 4) & 7;
  const more = first & 0x80 ? lengthAt(raw, 1) : { length: 0, next: 1 };
  const length = (first & 15) + more.length * 16;
  let at = more.next;
  let base: number | undefined;
  if (kind === kinds.byOffset) {
    let byte = raw[at++] ?? 0;
    let back = byte & 0x7f;
    while (byte & 0x80) {
      byte = raw[at++] ?? 0;
      back = (back + 1) * 128 + (byte & 0x7f);
    }
    base = offset - back;
    if (back <= 0 || base <= 0) return undefined;
  }
  if (kind === kinds.byName) {
    base = index.offsetOf(raw.toString('hex', at, at + 20));
    at += 20;
    if (base === undefined) return undefined;
  }
  const bytes = inflated(raw.subarray(at), length);
  return bytes && { kind, bytes, ...(base === undefined ? {} : { base }) };
}

/** Into a buffer of just the length that the pack says; undefined where it is another. */
function inflated(raw: Buffer, length: number): Buffer | undefined {
  try {
    const bytes = inflateSync(raw, { chunkSize: Math.max(64, length), maxOutputLength: Math.max(1, length) });
    return bytes.length === length ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Reads at a place; what follows it is read along. What it gives is overwritten by nobody. */
function windowed(file: FileHandle, readAhead: number): (at: number, length: number) => Promise<Buffer> {
  let begin = 0;
  let held = Buffer.alloc(0);
  return async (at, length) => {
    if (at < begin || at + length > begin + held.length) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(Math.max(length, readAhead)), {
        position: at,
      });
      begin = at;
      held = buffer.subarray(0, bytesRead);
    }
    return held.subarray(at - begin, at - begin + length);
  };
}
