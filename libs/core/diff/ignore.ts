import { isList, isMap, matchesTarget, type Ignore, type Json, type KubeObject } from '@fairlead/core/model';
import type { Element } from './elements.ts';
import { meansSegment, segmentsOf } from './pointer.ts';
import type { Reduced, ReducedNode } from './reduce.ts';

/** The pointers that an application's rules ignore in an object; `*` as a segment means any key or item. Sorted, each once. */
export function ignoredPointers(object: KubeObject, rules: readonly Ignore[]): readonly string[] {
  return [
    ...new Set(rules.filter((rule) => matchesTarget(rule.target, object)).flatMap((rule) => rule.pointers)),
  ].sort();
}

/** True if a pointer names what one of the ignored pointers names, or something below it. */
export function isIgnored(pointer: string, ignored: readonly string[]): boolean {
  const segments = segmentsOf(pointer);
  return ignored.some((one) => {
    const patterns = segmentsOf(one);
    return (
      patterns.length <= segments.length && patterns.every((pattern, nth) => meansSegment(pattern, segments[nth] ?? ''))
    );
  });
}

/** A reduction without the fields at pointers and everything below them: what differs there is no difference. */
export function withoutIgnored(reduced: Reduced, pointers: readonly string[]): Reduced {
  return pointers.reduce<Reduced>(
    (rest, pointer) => ({ ...rest, root: withoutPath(rest.root, segmentsOf(pointer)) }),
    reduced,
  );
}

function withoutPath(node: ReducedNode, path: readonly string[]): ReducedNode {
  const [pattern, ...rest] = path;
  if (pattern === undefined) return node;
  if (node.children === undefined) return node.value === undefined ? node : { ...node, value: cut(node.value, path) };
  const children = new Map<Element, ReducedNode>();
  for (const [element, child] of node.children) {
    // An item that the list lacks has no place; a rule for any item means it all the same.
    if (!meansSegment(pattern, child.segment)) children.set(element, child);
    else if (rest.length > 0) children.set(element, withoutPath(child, rest));
  }
  return { ...node, children };
}

/** A value without what a path of patterns means in it. */
function cut(value: Json, path: readonly string[]): Json {
  const [pattern, ...rest] = path;
  if (pattern === undefined || !(isMap(value) || isList(value))) return value;
  const keep = (segment: string, inner: Json): readonly Json[] => {
    if (!meansSegment(pattern, segment)) return [inner];
    return rest.length === 0 ? [] : [cut(inner, rest)];
  };
  if (isList(value)) return value.flatMap((item, index) => keep(String(index), item));
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => keep(key, inner).map((kept) => [key, kept] as const)),
  );
}
