import { isEqual, isList, isMap, type Json, type JsonMap, type KubeObject } from '@fairlead/core/model';

/** A place at which two objects differ. */
export interface Change {
  /** Segments from the object's root; list items by their place in the object that was found, or in the wanted one where the other lacks them. */
  readonly path: readonly string[];
  /** Undefined where the field would go. */
  readonly wanted: Json | undefined;
  /** Undefined where there is none. */
  readonly found: Json | undefined;
}

/** What the server writes by itself, and what no apply is about. */
const servers: ReadonlySet<string> = new Set([
  'managedFields',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'uid',
  'selfLink',
]);

/** An object as people compare it: without its status and what the server writes by itself. */
function comparable(object: KubeObject): JsonMap {
  const { status: _, metadata, ...rest } = object as unknown as JsonMap & { metadata: JsonMap };
  return { ...rest, metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !servers.has(key))) };
}

/** How an object is shown: without what is secret in it, and in the same form. */
type Show = (object: JsonMap) => Json;

/**
 * Where the object that an apply would leave differs from the live one, both as the API server gives them; sorted by path.
 * They are held against each other as they are, and told as `show` makes them, so that a changed secret is told, and not its
 * values. Items of lists whose items all have a name of their own are compared by it, others by their place.
 */
export function changesBetween(
  pair: { readonly found: KubeObject; readonly wanted: KubeObject },
  show: Show,
): readonly Change[] {
  const changes: Change[] = [];
  const [found, wanted] = [comparable(pair.found), comparable(pair.wanted)];
  compare({ found: { is: found, shown: show(found) }, wanted: { is: wanted, shown: show(wanted) } }, [], (change) =>
    changes.push(change),
  );
  return changes.toSorted((a, b) => (a.path.join('\0') < b.path.join('\0') ? -1 : 1));
}

/** A value, and what is shown of it. */
interface Side {
  readonly is: Json | undefined;
  readonly shown: Json | undefined;
}

interface Pair {
  readonly found: Side;
  readonly wanted: Side;
}

function compare({ found, wanted }: Pair, path: readonly string[], report: (change: Change) => void): void {
  if (isEqual(found.is, wanted.is)) return;
  if (isMap(found.is) && isMap(wanted.is)) {
    for (const key of new Set([...Object.keys(found.is), ...Object.keys(wanted.is)]))
      compare({ found: within(found, key), wanted: within(wanted, key) }, [...path, key], report);
    return;
  }
  if (isList(found.is) && isList(wanted.is)) {
    const pairs = itemPairs(found.is, wanted.is);
    const differing =
      pairs?.filter((items) => !isEqual(itemAt(found, items.found).is, itemAt(wanted, items.wanted).is)) ?? [];
    for (const items of differing)
      compare(
        { found: itemAt(found, items.found), wanted: itemAt(wanted, items.wanted) },
        [...path, String(items.found ?? items.wanted ?? 0)],
        report,
      );
    // Where every item has its equal, only the order differs.
    if (differing.length > 0) return;
  }
  report({ path, wanted: wanted.shown, found: found.shown });
}

function within({ is, shown }: Side, key: string): Side {
  const own = (map: Json | undefined): Json | undefined =>
    isMap(map) && Object.hasOwn(map, key) ? map[key] : undefined;
  return { is: own(is), shown: own(shown) };
}

function itemAt({ is, shown }: Side, nth: number | undefined): Side {
  const item = (list: Json | undefined): Json | undefined =>
    nth !== undefined && isList(list) ? list[nth] : undefined;
  return { is: item(is), shown: item(shown) };
}

/** Places of two items that belong together. */
interface ItemPair {
  readonly found: number | undefined;
  readonly wanted: number | undefined;
}

/** Items that belong together; undefined where the lists are only alike as a whole. */
function itemPairs(found: readonly Json[], wanted: readonly Json[]): readonly ItemPair[] | undefined {
  const [before, after] = [namesOf(found), namesOf(wanted)];
  if (before && after)
    return [...new Set([...before.keys(), ...after.keys()])].map((name) => ({
      found: before.get(name),
      wanted: after.get(name),
    }));
  if (found.length !== wanted.length) return undefined;
  return found.map((_, nth) => ({ found: nth, wanted: nth }));
}

/** The place of each item by its name; undefined where one has none, or two have the same. */
function namesOf(items: readonly Json[]): ReadonlyMap<string, number> | undefined {
  const names = new Map<string, number>();
  for (const [nth, item] of items.entries()) {
    const name = isMap(item) ? item['name'] : undefined;
    if (typeof name !== 'string' || names.has(name)) return undefined;
    names.set(name, nth);
  }
  return names;
}
