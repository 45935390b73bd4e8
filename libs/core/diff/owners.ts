import type { Json, JsonMap, KubeObject } from '@fairlead/core/model';
import { elementsOf, isMember, placesOf } from './elements.ts';
import { fieldsOf } from './entries.ts';
import { segmentsOf } from './pointer.ts';

/** Who owns a field now. */
export interface FieldOwner {
  readonly manager: string;
  readonly operation: string;
  /** Such as `scale` or `status`; empty for the object itself. */
  readonly subresource: string;
  /** When this manager last changed what it owns; milliseconds since 1970, by the API server's clock. */
  readonly atMs?: number;
}

/** Every manager that owns the field at a pointer of `object`, or something in it, the latest first. */
export function ownersOf(object: KubeObject, pointer: string): readonly FieldOwner[] {
  const path = segmentsOf(pointer);
  const owners = (object.metadata.managedFields ?? []).filter((entry) =>
    names(fieldsOf(entry), { value: object as unknown as Json, path }),
  );
  return owners
    .map((entry): FieldOwner => {
      const atMs = Date.parse(entry.time ?? '');
      const owner = {
        manager: entry.manager ?? '',
        operation: entry.operation ?? '',
        subresource: entry.subresource ?? '',
      };
      return Number.isNaN(atMs) ? owner : { ...owner, atMs };
    })
    .toSorted((a, b) => (b.atMs ?? 0) - (a.atMs ?? 0));
}

/** The owners of a field other than `ours` (a manager's name), the latest first: who to name beside a difference. */
export function otherManagers(object: KubeObject, pointer: string, options: { ours: string }): readonly FieldOwner[] {
  return ownersOf(object, pointer).filter(({ manager }) => manager !== options.ours);
}

function names(fields: JsonMap, at: { value: Json | undefined; path: readonly string[] }): boolean {
  const elements = elementsOf(fields);
  const [segment, ...rest] = at.path;
  if (segment === undefined) return isMember(fields) || elements.length > 0;
  return elements.some(([element, below]) => {
    const place = placesOf(element, at.value).find((found) => found.segment === segment);
    const isGone = place === undefined && element === `f:${segment}`;
    if (!place && !isGone) return false;
    // A node without elements is owned as one, with everything in it.
    return elementsOf(below).length === 0 || names(below, { value: place?.value, path: rest });
  });
}
