import type { FileTree, SourceFile } from '@fairlead/ports/source';
import { failure, notFound, tooLarge } from '../failures.ts';
import type { ByteCache } from '../objects/byteCache.ts';
import { modes, type ObjectStore } from '../objects/store.ts';
import { entryAt, plainPath } from '../objects/trees.ts';

/** How much of a source is read. */
export interface SourceLimits {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
  /** What one fetch may bring, compressed. */
  readonly maxPackBytes: number;
}

/** Where files are read from. */
export interface TreeRequest {
  readonly store: ObjectStore;
  readonly url: string;
  /** Tree of the commit. */
  readonly tree: string;
  /** Nothing outside of it is read. */
  readonly root: string;
  readonly limits: SourceLimits;
  /** Contents that were read before, by name: of most trees little is new. */
  readonly blobs: ByteCache<string, Uint8Array>;
}

interface Entry {
  readonly mode: string;
  readonly oid: string;
  /** Where it lies. */
  readonly real: string;
  /** Where a link shows it. */
  readonly shown: string;
  /** Folders that it was reached through, as they lie. */
  readonly within: readonly string[];
}

const mostLinks = 32;
const lfsHead = 'version https://git-lfs.github.com/spec/v1\n';
const readsAtOnce = 16;

function refused({ url }: TreeRequest, path: string, why: string): Error {
  return failure(url, `Cannot read ${url}: ${path} ${why}`, {
    code: 'FailedPrecondition',
    reason: 'SourceUnsupported',
    retry: 'backoff',
  });
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** Where a link leads, from the root of the repository; undefined outside of it. */
function targetOf(link: string, target: string): string | undefined {
  if (target.startsWith('/')) return undefined;
  const parts = link.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

function inside(path: string, root: string): boolean {
  return root === '' || path === root || path.startsWith(`${root}/`);
}

/** Follows a link, and links that it leads to, as long as they stay inside the root. */
async function followed(request: TreeRequest, link: Entry): Promise<Entry> {
  const { store, root } = request;
  let entry = link;
  for (let count = 0; entry.mode === modes.link; count += 1) {
    if (count === mostLinks) throw refused(request, link.shown, 'is a link that leads to itself. Take it out.');
    const text = Buffer.from(await store.blob(entry.oid)).toString('utf8');
    const real = targetOf(entry.real, text);
    if (real === undefined || !inside(real, root)) {
      const where = root === '' ? 'the repository' : root;
      throw refused(
        request,
        link.shown,
        `is a link to ${text}, outside of ${where}. Widen the source's root, or copy the file.`,
      );
    }
    const found = await entryAt(store, request.tree, real);
    if (!found) throw refused(request, link.shown, `is a link to ${text}, which does not exist. Mend the link.`);
    entry = { ...found, real, shown: link.shown, within: link.within };
  }
  if (entry.mode === modes.tree && link.within.some((folder) => inside(folder, entry.real)))
    throw refused(request, link.shown, 'is a link to a folder that holds it. Take it out.');
  return entry;
}

/** All files below an entry. */
async function* filesBelow(request: TreeRequest, start: Entry): AsyncGenerator<Entry, void, undefined> {
  const entry = start.mode === modes.link ? await followed(request, start) : start;
  if (entry.mode === modes.submodule) {
    throw refused(
      request,
      entry.shown,
      'is a submodule, and submodules are not fetched. Copy its files, or name its repository as a source of its own.',
    );
  }
  if (entry.mode !== modes.tree) {
    yield entry;
    return;
  }
  const within = [...entry.within, entry.real];
  for (const { name, mode, oid } of await request.store.tree(entry.oid)) {
    const bad = name === '' || name === '.' || name === '..' || name.toLowerCase() === '.git' || /[/\\\0]/.test(name);
    if (bad) throw refused(request, joined(entry.shown, name), 'has a name that no file may have. Rename it.');
    yield* filesBelow(request, { mode, oid, real: joined(entry.real, name), shown: joined(entry.shown, name), within });
  }
}

async function read(request: TreeRequest, entry: Entry): Promise<SourceFile> {
  const { store, limits, url } = request;
  const bytes = request.blobs.get(entry.oid) ?? (await store.blob(entry.oid));
  request.blobs.set(entry.oid, bytes, bytes.length + 200);
  if (bytes.length > limits.maxFileBytes)
    throw tooLarge(
      url,
      `${entry.shown} with ${bytes.length} bytes, and the limit for a file is ${limits.maxFileBytes}`,
    );
  if (bytes.length < 1024 && Buffer.from(bytes).toString('latin1').startsWith(lfsHead))
    throw refused(
      request,
      entry.shown,
      'is kept in Git LFS, which is not fetched. Keep it in git itself, or outside of the root.',
    );
  return { bytes, executable: entry.mode === modes.executable };
}

/** Reads the files under the root. Throws SourceNotFound, SourceTooLarge, and SourceUnsupported naming the file. */
export async function sourceFiles(request: TreeRequest): Promise<FileTree> {
  const { store, url, limits } = request;
  const root = plainPath(request.root);
  const plain = { ...request, root };
  const top = await entryAt(store, request.tree, root);
  const entries: Entry[] = [];
  if (top) {
    for await (const entry of filesBelow(plain, { ...top, real: root, shown: root, within: [] })) {
      entries.push(entry);
      if (entries.length > limits.maxFiles)
        throw tooLarge(url, `more than ${limits.maxFiles} files under ${root || '.'}`);
    }
  }
  if (entries.length === 0) {
    throw notFound(
      url,
      `a file under ${root || '.'} in ${url}`,
      'Correct the path, or push the files again. The last good state stays.',
    );
  }
  const files = new Map<string, SourceFile>();
  let total = 0;
  for (let at = 0; at < entries.length; at += readsAtOnce) {
    const some = entries.slice(at, at + readsAtOnce);
    const contents = await Promise.all(some.map((entry) => read(plain, entry)));
    for (const [index, file] of contents.entries()) {
      total += file.bytes.length;
      files.set(some[index]?.shown ?? '', file);
    }
    if (total > limits.maxTotalBytes)
      throw tooLarge(url, `more than ${limits.maxTotalBytes} bytes under ${root || '.'}`);
  }
  return files;
}
