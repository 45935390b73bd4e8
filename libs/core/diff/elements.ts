import { isEqual, isList, isMap, parseJson, type Json, type JsonMap } from '@fairlead/core/model';
import { member } from './json.ts';

/**
 * Path elements of a fieldsV1 set, as structured-merge-diff writes them: `f:NAME` is a field, `k:{…}` the item of a keyed list with
 * these keys, `v:…` the item of a set, `i:N` a place in a list. `.` says that the node itself is in the set; so does a node without
 * elements.
 */
export type Element = string;

/** A place that an element names in a value. */
export interface Place {
  /** The segment of a JSON pointer. */
  readonly segment: string;
  readonly value: Json;
}

/** The elements of a node of a set, in the order of their text. */
export function elementsOf(fields: JsonMap): readonly (readonly [Element, JsonMap])[] {
  const elements = Object.entries(fields).filter(([element]) => element !== '.');
  return elements
    .map(([element, below]) => [element, isMap(below) ? below : {}] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** True if the node itself is in the set. */
export function isMember(fields: JsonMap): boolean {
  return Object.hasOwn(fields, '.') || Object.keys(fields).length === 0;
}

/** Where an element is in a value: nowhere, or once, or more than once in a keyed list whose keys are not unique. */
export function placesOf(element: Element, value: Json | undefined): readonly Place[] {
  const text = element.slice(2);
  if (element.startsWith('f:')) {
    const found = member(value, text);
    return found === undefined ? [] : [{ segment: text, value: found }];
  }
  if (!isList(value)) return [];
  if (element.startsWith('i:')) {
    const found = value[Number(text)];
    return found === undefined ? [] : [{ segment: text, value: found }];
  }
  const wanted = parsed(text);
  if (wanted === undefined) return [];
  const matches = (item: Json) => (element.startsWith('k:') ? hasKeys(item, wanted) : isEqual(item, wanted));
  return value.flatMap((item, index) => (matches(item) ? [{ segment: String(index), value: item }] : []));
}

/** The merge keys of a keyed list, by one of its elements; none for other elements. */
export function mergeKeysOf(element: Element): readonly string[] {
  const keys = element.startsWith('k:') ? parsed(element.slice(2)) : undefined;
  return isMap(keys) ? Object.keys(keys) : [];
}

function parsed(text: string): Json | undefined {
  try {
    return parseJson(text) as Json;
  } catch {
    // Written by a server that knows an element which we do not: it names nothing that we can find.
    return undefined;
  }
}

function hasKeys(item: Json, keys: Json): boolean {
  return isMap(item) && isMap(keys) && Object.entries(keys).every(([key, value]) => isEqual(member(item, key), value));
}
