import { childrenOf, nameOf, type Path } from './fields.ts';
import { isBag, type Bag, type Value } from './values.ts';

/** Lays what was applied over what lives: maps and keyed lists merge, everything else is replaced. */
export function merge(live: Value, applied: Value, name = ''): Value {
  if (isBag(live) && isBag(applied)) {
    const result: Bag = { ...live };
    for (const [key, value] of Object.entries(applied)) result[key] = merge(live[key], value, key);
    return result;
  }
  if (!Array.isArray(live) || !Array.isArray(applied)) return applied;
  const wanted = childrenOf(applied, name);
  const found = childrenOf(live, name);
  if (wanted === undefined || found === undefined) return applied;
  const kept = [...found].map(([segment, item]) => (wanted.has(segment) ? merge(item, wanted.get(segment)) : item));
  const added = [...wanted].filter(([segment]) => !found.has(segment)).map(([, item]) => item);
  return [...kept, ...added];
}

/** Takes a leaf out; containers that become empty by it go too. A path that ends with `.` takes the whole item. */
export function remove(value: Value, path: Path, name = ''): Value {
  const [segment, next] = path;
  if (segment === undefined) return undefined;
  const children = childrenOf(value, name);
  const child = children?.get(segment);
  if (children === undefined || child === undefined) return value;
  const left = next === '.' ? undefined : remove(child, path.slice(1), nameOf(segment));
  if (isBag(value)) {
    const { [segment.slice(2)]: _, ...others } = value;
    const result = left === undefined ? others : { ...value, [segment.slice(2)]: left };
    return Object.keys(result).length === 0 ? undefined : result;
  }
  const items = [...children].flatMap(([each, item]) =>
    each === segment ? (left === undefined ? [] : [left]) : [item],
  );
  return items.length === 0 ? undefined : items;
}
