import { keyOf, keyText, type KubeObject, type TreeNode } from '@fairlead/core/model';

/** What an application itself brought, as its loop knows it. */
export interface Root extends Omit<TreeNode, 'depth' | 'owner'> {
  /** Undefined where it does not exist. */
  readonly uid: string | undefined;
}

/** An object of a tree, and the UID by which it is known. */
export interface TreePlace {
  readonly node: TreeNode;
  readonly uid: string | undefined;
}

/** Bounds of a tree. */
export interface TreeBounds {
  readonly objects: number;
  readonly depth: number;
}

/**
 * The objects of an application and what they own, each after its owner; owners are told by UID, so that a namesake owns
 * nothing. `isCut` where there is more than the bounds allow. An object of several owners stands below its controller, or else
 * below the first that is in the tree.
 */
export function treeOf(
  roots: readonly Root[],
  { owned, bounds }: { readonly owned: readonly KubeObject[]; readonly bounds: TreeBounds },
): { readonly places: readonly TreePlace[]; readonly isCut: boolean } {
  const rootIds = new Set(roots.flatMap(({ uid }) => uid ?? []));
  const below = childrenByOwner(owned, rootIds);
  const places: TreePlace[] = [];
  const seen = new Set<string>(rootIds);
  let isCut = false;
  const add = (place: TreePlace): void => {
    if (places.length >= bounds.objects) {
      isCut = true;
      return;
    }
    places.push(place);
    const children = place.uid === undefined ? [] : (below.get(place.uid) ?? []);
    if (children.length > 0 && place.node.depth >= bounds.depth) {
      isCut = true;
      return;
    }
    for (const child of children) {
      const { uid } = child.metadata;
      // Owners in a circle are nonsense that an API server takes all the same.
      if (uid === undefined || seen.has(uid)) continue;
      seen.add(uid);
      add({ uid, node: ownedNode(child, { owner: place.node.object, depth: place.node.depth + 1 }) });
    }
  };
  for (const { uid, ...root } of roots) add({ uid, node: { ...root, depth: 0 } });
  return { places, isCut };
}

function childrenByOwner(
  owned: readonly KubeObject[],
  roots: ReadonlySet<string>,
): ReadonlyMap<string, readonly KubeObject[]> {
  const known = new Set([...roots, ...owned.flatMap(({ metadata }) => metadata.uid ?? [])]);
  const below = new Map<string, KubeObject[]>();
  for (const object of owned) {
    const owners = (object.metadata.ownerReferences ?? []).filter(({ uid }) => known.has(uid));
    const owner = owners.find(({ controller }) => controller) ?? owners[0];
    if (owner === undefined) continue;
    const siblings = below.get(owner.uid) ?? [];
    below.set(owner.uid, siblings);
    siblings.push(object);
  }
  for (const siblings of below.values()) siblings.sort((a, b) => (keyText(keyOf(a)) < keyText(keyOf(b)) ? -1 : 1));
  return below;
}

function ownedNode(object: KubeObject, at: Pick<TreeNode, 'owner' | 'depth'>): TreeNode {
  const { creationTimestamp, deletionTimestamp } = object.metadata;
  return {
    object: keyText(keyOf(object)),
    ...at,
    ...(creationTimestamp === undefined ? {} : { createdAt: creationTimestamp }),
    ...(deletionTimestamp === undefined ? {} : { terminating: true as const }),
  };
}
