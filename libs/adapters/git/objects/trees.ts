import git from 'isomorphic-git';
import { emptyTree, modes, type ObjectStore, type TreeEntry } from './store.ts';

/** A file, link or submodule in a tree, by its path from the root. */
export interface PathEntry {
  readonly path: string;
  readonly mode: string;
  readonly oid: string;
}

/** `a//b/./c/` as `a/b/c`; the root as an empty string. */
export function plainPath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function childPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** What lies at a path; undefined when there is nothing. The root is a tree. */
export async function entryAt(
  store: ObjectStore,
  tree: string,
  path: string,
): Promise<{ mode: string; oid: string } | undefined> {
  let entry: { mode: string; oid: string } = { mode: modes.tree, oid: tree };
  for (const part of plainPath(path).split('/').filter(Boolean)) {
    if (entry.mode !== modes.tree) return undefined;
    const next = (await store.tree(entry.oid)).find((one) => one.name === part);
    if (!next) return undefined;
    entry = next;
  }
  return entry;
}

/** Everything in a tree that is not a folder, in git's order. `enter` may keep a folder closed. */
export async function* walkTree(
  store: ObjectStore,
  tree: string,
  options: { readonly at?: string; readonly enter?: (folder: string) => boolean } = {},
): AsyncGenerator<PathEntry, void, undefined> {
  const { at = '', enter } = options;
  for (const entry of await store.tree(tree)) {
    const path = childPath(at, entry.name);
    if (entry.mode !== modes.tree) yield { path, mode: entry.mode, oid: entry.oid };
    else if (!enter || enter(path)) yield* walkTree(store, entry.oid, { ...options, at: path });
  }
}

function treeOf(entry: TreeEntry | undefined): string {
  return entry?.mode === modes.tree ? entry.oid : emptyTree;
}

/** Paths that differ between two trees, sorted within each folder; equal folders are not opened. */
export async function changedPaths(
  store: ObjectStore,
  trees: { readonly before: string; readonly after: string },
  folder = '',
): Promise<string[]> {
  const { before, after } = trees;
  if (before === after) return [];
  const [olds, nows] = await Promise.all([store.tree(before), store.tree(after)]);
  const old = new Map(olds.map((entry) => [entry.name, entry]));
  const now = new Map(nows.map((entry) => [entry.name, entry]));
  const changed: string[] = [];
  for (const name of [...new Set([...old.keys(), ...now.keys()])].sort()) {
    const a = old.get(name);
    const b = now.get(name);
    if (a?.oid === b?.oid && a?.mode === b?.mode) continue;
    const path = childPath(folder, name);
    if ((a && a.mode !== modes.tree) || (b && b.mode !== modes.tree)) changed.push(path);
    changed.push(...(await changedPaths(store, { before: treeOf(a), after: treeOf(b) }, path)));
  }
  return changed;
}

/** New contents by path; `null` deletes. */
export type Changes = ReadonlyMap<string, string | null>;

interface Split {
  readonly here: Map<string, string | null>;
  readonly below: Map<string, Map<string, string | null>>;
}

function split(changes: Changes): Split {
  const here = new Map<string, string | null>();
  const below = new Map<string, Map<string, string | null>>();
  for (const [path, content] of changes) {
    const slash = path.indexOf('/');
    if (slash < 0) {
      here.set(path, content);
      continue;
    }
    const name = path.slice(0, slash);
    const inside = below.get(name) ?? new Map<string, string | null>();
    below.set(name, inside.set(path.slice(slash + 1), content));
  }
  return { here, below };
}

/**
 * Writes the tree with the changes made; undefined when nothing is left in it. A file in the way of a folder, and a
 * folder in the way of a file, give way. An existing file keeps its mode.
 */
export async function changeTree(store: ObjectStore, tree: string, changes: Changes): Promise<string | undefined> {
  const entries = new Map((await store.tree(tree)).map((entry) => [entry.name, entry]));
  const { here, below } = split(changes);
  for (const [name, content] of here) {
    if (content === null) {
      entries.delete(name);
      continue;
    }
    const mode = entries.get(name)?.mode === modes.executable ? modes.executable : modes.file;
    entries.set(name, { name, mode, oid: await git.writeBlob({ ...store.place(), blob: Buffer.from(content) }) });
  }
  for (const [name, inside] of below) {
    const old = entries.get(name);
    const deletesOnly = [...inside.values()].every((content) => content === null);
    if (old && old.mode !== modes.tree && deletesOnly) continue;
    const oid = await changeTree(store, treeOf(old), inside);
    if (oid === undefined) entries.delete(name);
    else entries.set(name, { name, mode: modes.tree, oid });
  }
  if (entries.size === 0) return undefined;
  return await git.writeTree({ ...store.place(), tree: [...entries.values()].map(asGitEntry) });
}

function asGitEntry({ mode, name, oid }: TreeEntry) {
  const type =
    mode === modes.tree ? ('tree' as const) : mode === modes.submodule ? ('commit' as const) : ('blob' as const);
  return { mode, path: name, oid, type };
}
