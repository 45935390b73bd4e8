import type { RepositoryFile } from '@fairlead/ports/repository';
import { tooLarge } from '../failures.ts';
import type { ByteCache } from '../objects/byteCache.ts';
import { modes } from '../objects/store.ts';
import { entryAt, plainPath, walkTree, type PathEntry } from '../objects/trees.ts';
import type { Held } from './history.ts';

/** How much of a repository is read. */
export interface FileLimits {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
}

/** A held repository with the texts that were read last. */
export interface HeldFiles extends Held {
  readonly limits: FileLimits;
  /** By the name of the blob. */
  readonly texts: ByteCache<string, string>;
}

function isDocument(path: string): boolean {
  return path.endsWith('.yaml') || path.endsWith('.yml');
}

function isFile(mode: string): boolean {
  return mode === modes.file || mode === modes.executable;
}

/** The texts of blobs, in their order. Throws SourceTooLarge. */
async function textsOf(held: HeldFiles, entries: readonly Pick<PathEntry, 'path' | 'oid'>[]): Promise<string[]> {
  const known = new Map(entries.map(({ oid }) => [oid, held.texts.get(oid)]));
  const unread = new Map(entries.filter(({ oid }) => known.get(oid) === undefined).map(({ oid, path }) => [oid, path]));
  const { maxFileBytes } = held.limits;
  for await (const [oid, bytes] of held.store.blobs([...unread.keys()])) {
    if (bytes.length > maxFileBytes)
      throw tooLarge(
        held.url,
        `${unread.get(oid)} with ${bytes.length} bytes, and the limit for a file is ${maxFileBytes}`,
      );
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    held.texts.set(oid, text, text.length * 2 + 200);
    known.set(oid, text);
  }
  return entries.map(({ oid }) => known.get(oid) ?? '');
}

const readsAtOnce = 256;

/** YAML files of a tree. Links are not followed: what they lead to is read where it lies. Throws SourceTooLarge. */
export async function documentsOf(
  held: HeldFiles,
  tree: string,
  options: { readonly under?: string; readonly except?: string },
): Promise<RepositoryFile[]> {
  const under = plainPath(options.under ?? '');
  const except = options.except === undefined ? undefined : plainPath(options.except);
  const top = await entryAt(held.store, tree, under);
  const excluded = except !== undefined && (under === except || under.startsWith(`${except}/`));
  if (top?.mode !== modes.tree || excluded) return [];
  const found: PathEntry[] = [];
  for await (const entry of walkTree(held.store, top.oid, { at: under, enter: (folder) => folder !== except })) {
    if (isFile(entry.mode) && isDocument(entry.path)) found.push(entry);
    if (found.length > held.limits.maxFiles) throw tooLarge(held.url, `more than ${held.limits.maxFiles} YAML files`);
  }
  const files: RepositoryFile[] = [];
  let bytes = 0;
  for (let at = 0; at < found.length; at += readsAtOnce) {
    const some = found.slice(at, at + readsAtOnce);
    const texts = await textsOf(held, some);
    for (const [index, { path, oid }] of some.entries()) files.push({ path, oid, text: texts[index] ?? '' });
    bytes += texts.reduce((sum, text) => sum + text.length, 0);
    if (bytes > held.limits.maxTotalBytes)
      throw tooLarge(held.url, `more than ${held.limits.maxTotalBytes} bytes of YAML`);
  }
  return files;
}

/** One file of a tree, of any name; undefined when there is none. */
export async function documentAt(held: HeldFiles, tree: string, path: string): Promise<RepositoryFile | undefined> {
  const entry = await entryAt(held.store, tree, path);
  if (!entry || !isFile(entry.mode)) return undefined;
  const { oid } = entry;
  const [text = ''] = await textsOf(held, [{ path, oid }]);
  return { path: plainPath(path), oid, text };
}
