import type { FairleadError } from '@fairlead/core/model';
import type { Commit } from '../objects/store.ts';
import { entryAt } from '../objects/trees.ts';
import type { Mirror } from './mirror.ts';

/** A repository is looked into so many commits deep, one after another; most answers need the first. */
const depths = [2, 16, 128, 1024, 8192] as const;

/** How deep the first fetch of a head goes: the commit and its parent, which tells whether the commit changed anything. */
export const firstDepth = depths[0];

/** After a first fetch, fetches deeper and deeper while `wanted` asks for it; true when it has what it wanted. */
export async function deepen(mirror: Mirror, remoteRef: string, wanted: () => Promise<boolean>): Promise<boolean> {
  for (const depth of depths.slice(1)) {
    if (!(await wanted())) return true;
    try {
      if ((await mirror.bring(remoteRef, depth)) === undefined) return false;
    } catch (error) {
      // The files are here; only how long they have been the same is not known further back.
      if ((error as FairleadError).reason === 'SourceTooLarge') return false;
      throw error;
    }
  }
  return !(await wanted());
}

interface Walk {
  /** The oldest commit known to have the same files. */
  readonly oldest: Commit;
  /** Its parent is not here. */
  readonly cut: boolean;
}

async function walkBack(mirror: Mirror, from: Commit, root: string): Promise<Walk> {
  const { store } = mirror;
  const same = (await entryAt(store, from.tree, root))?.oid;
  let oldest = from;
  for (;;) {
    const [parent] = oldest.parents;
    if (parent === undefined) return { oldest, cut: false };
    const before = await store.commit(parent);
    if (!before) return { oldest, cut: true };
    if ((await entryAt(store, before.tree, root))?.oid !== same) return { oldest, cut: false };
    oldest = before;
  }
}

/**
 * The commit since which the ref has had the files under `root` without a break, along first parents. Beyond 8,192
 * commits, or a fetch that is too large, it is the oldest one known to have them.
 */
export async function revisionOf(
  mirror: Mirror,
  head: Commit,
  where: { remoteRef: string; root: string },
): Promise<string> {
  let walk = await walkBack(mirror, head, where.root);
  await deepen(mirror, where.remoteRef, async () => {
    if (walk.cut) walk = await walkBack(mirror, walk.oldest, where.root);
    return walk.cut;
  });
  return walk.oldest.oid;
}
