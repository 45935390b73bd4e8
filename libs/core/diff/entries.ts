import { isMap, type Json, type JsonMap, type KubeObject, type ManagedFieldsEntry } from '@fairlead/core/model';
import { elementsOf, isMember, placesOf } from './elements.ts';
import { pointerOf } from './pointer.ts';

/** Our entry: what a manager owns by server-side apply. Undefined if it owns nothing. One per manager (KEP-555). */
export function entryOf(object: Pick<KubeObject, 'metadata'>, manager: string): ManagedFieldsEntry | undefined {
  return object.metadata.managedFields?.find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource,
  );
}

/** The set of an entry; empty without one. */
export function fieldsOf(entry: ManagedFieldsEntry | undefined): JsonMap {
  return isMap(entry?.fieldsV1) ? entry.fieldsV1 : {};
}

/** True if a field that `before` names is not named by `after`: another manager took it, or took it away. An entry that is gone names none. */
export function entryShrank(before: ManagedFieldsEntry | undefined, after: ManagedFieldsEntry | undefined): boolean {
  return shrank(fieldsOf(before), after && fieldsOf(after));
}

function shrank(before: JsonMap, after: JsonMap | undefined): boolean {
  const elements = elementsOf(before);
  if (after === undefined) return elements.length > 0;
  return elements.some(([element, below]) => {
    const now = after[element];
    if (!isMap(now)) return true;
    return (isMember(below) && !isMember(now)) || shrank(below, now);
  });
}

/**
 * JSON pointers, in `object`, of the fields that `before` names and `after` does not. Items that are no longer in the object are
 * named by the list that held them. Says who lost what where the values are as they should be.
 */
export function lostFields(
  object: KubeObject,
  entries: { before: ManagedFieldsEntry | undefined; after: ManagedFieldsEntry | undefined },
): readonly string[] {
  const lost = lostBelow({
    before: fieldsOf(entries.before),
    after: fieldsOf(entries.after),
    value: object as unknown as Json,
    path: [],
  });
  return [...new Set(lost)].sort();
}

interface Step {
  readonly before: JsonMap;
  readonly after: JsonMap;
  readonly value: Json | undefined;
  readonly path: readonly string[];
}

function lostBelow(step: Step): readonly string[] {
  return elementsOf(step.before).flatMap(([element, before]) => {
    const after = step.after[element];
    const place = placesOf(element, step.value)[0];
    const segment = element.startsWith('f:') ? element.slice(2) : place?.segment;
    if (segment === undefined) return isMap(after) ? [] : [pointerOf(step.path)];
    const path = [...step.path, segment];
    const below = lostBelow({ before, after: isMap(after) ? after : {}, value: place?.value, path });
    if (below.length > 0) return below;
    return isMember(before) && !(isMap(after) && isMember(after)) ? [pointerOf(path)] : [];
  });
}
