import { isEqual, isList, isMap, type Json, type JsonMap, type KubeObject } from '@fairlead/core/model';
import { elementsOf, mergeKeysOf, placesOf } from './elements.ts';
import { fieldsOf } from './entries.ts';
import { member } from './json.ts';
import { ownersOf } from './owners.ts';
import { meansSegment, pointerOf, segmentsOf } from './pointer.ts';

/** Options of {@link settleIgnored}. */
export interface SettleOptions {
  /** The object as it is, with its managedFields; undefined where it is to be created. */
  readonly live: KubeObject | undefined;
  /** As {@link ignoredPointers} gives them, read in the manifest. */
  readonly pointers: readonly string[];
  /** Our field manager on the object. */
  readonly ours: string;
}

/**
 * What to send of a manifest some of whose fields are ignored: at creation all of it; later a field that another manager owns, or
 * nobody, is left out, and one that only we own is sent with its live value, so that an apply neither changes nor deletes it.
 */
export function settleIgnored(desired: KubeObject, options: SettleOptions): KubeObject {
  const { live, ours } = options;
  if (live === undefined) return desired;
  let settled = desired as unknown as Json;
  for (const pointer of options.pointers.filter((candidate) => !names.has(candidate))) {
    settled =
      settle({ desired: settled, live: live as unknown as Json, path: segmentsOf(pointer), at: [] }, { live, ours }) ??
      settled;
  }
  return settled as unknown as KubeObject;
}

/** Without these an object is no object. */
const names: ReadonlySet<string> = new Set([
  '/apiVersion',
  '/kind',
  '/metadata',
  '/metadata/name',
  '/metadata/namespace',
]);

interface Step {
  readonly desired: Json | undefined;
  readonly live: Json | undefined;
  /** The pattern's segments that remain. */
  readonly path: readonly string[];
  /** The path in the live object. */
  readonly at: readonly string[];
}

interface Context {
  readonly live: KubeObject;
  readonly ours: string;
}

function settle(step: Step, context: Context): Json | undefined {
  const { desired, live, path } = step;
  if (isList(desired) && path.length > 0) return settleItems(step, context);
  const isContainer = isMap(desired) || (desired === undefined && isMap(live));
  if (isContainer && (path.length > 0 || (isMap(live) && Object.keys(live).length > 0)))
    return settleKeys(step, context);
  return path.length > 0 ? desired : settleWhole(step, context);
}

function settleWhole(step: Step, context: Context): Json | undefined {
  const owners = ownersOf(context.live, pointerOf(step.at));
  return owners.length > 0 && owners.every(({ manager }) => manager === context.ours) ? step.live : undefined;
}

function settleKeys(step: Step, context: Context): Json | undefined {
  const [pattern = '*', ...rest] = step.path;
  const settled: Record<string, Json> = {};
  for (const key of new Set([...keysOf(step.desired), ...keysOf(step.live)])) {
    const desired = member(step.desired, key);
    const means = meansSegment(pattern, key);
    const value = means
      ? settle({ desired, live: member(step.live, key), path: rest, at: [...step.at, key] }, context)
      : desired;
    if (value !== undefined)
      Object.defineProperty(settled, key, { value, enumerable: true, writable: true, configurable: true });
  }
  // A map that is empty only because its fields were left out would itself be a claim.
  const isEmptied =
    Object.keys(settled).length === 0 && !(isMap(step.desired) && Object.keys(step.desired).length === 0);
  return isEmptied ? undefined : settled;
}

function settleItems(step: Step, context: Context): Json {
  const [pattern = '*', ...rest] = step.path;
  const desired = isList(step.desired) ? step.desired : [];
  return desired.flatMap((item, index) => {
    if (!meansSegment(pattern, String(index))) return [item];
    const nth = counterpart(item, { index, list: step.live, at: step.at, live: context.live });
    // An item that is not there yet is about to be created.
    if (nth === undefined || !isList(step.live)) return [item];
    const value = settle({ desired: item, live: step.live[nth], path: rest, at: [...step.at, String(nth)] }, context);
    return value === undefined ? [] : [value];
  });
}

/** The place in a live list of an item of the manifest: by the merge keys that the object's managers name there, else the same place. */
function counterpart(
  item: Json,
  where: { index: number; list: Json | undefined; at: readonly string[]; live: KubeObject },
): number | undefined {
  const list = isList(where.list) ? where.list : [];
  const keys = mergeKeysAt(where.live, where.at);
  if (keys.length === 0) return where.index < list.length ? where.index : undefined;
  const nth = list.findIndex((found) =>
    keys.every((key) => member(item, key) === undefined || isEqual(member(item, key), member(found, key))),
  );
  return nth < 0 ? undefined : nth;
}

function mergeKeysAt(object: KubeObject, path: readonly string[]): readonly string[] {
  for (const entry of object.metadata.managedFields ?? []) {
    const node = nodeAt(fieldsOf(entry), { value: object as unknown as Json, path });
    const keys = node === undefined ? [] : elementsOf(node).map(([element]) => mergeKeysOf(element));
    const found = keys.find((list) => list.length > 0);
    if (found) return found;
  }
  return [];
}

function nodeAt(fields: JsonMap, at: { value: Json | undefined; path: readonly string[] }): JsonMap | undefined {
  const [segment, ...rest] = at.path;
  if (segment === undefined) return fields;
  for (const [element, below] of elementsOf(fields)) {
    const place = placesOf(element, at.value).find((found) => found.segment === segment);
    if (place) return nodeAt(below, { value: place.value, path: rest });
  }
  return undefined;
}

function keysOf(value: Json | undefined): readonly string[] {
  return isMap(value) ? Object.keys(value) : [];
}
