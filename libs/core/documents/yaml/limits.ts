interface Bounds {
  readonly depth: number;
  readonly values: number;
}

interface Walk {
  readonly bounds: Bounds;
  /** Values under a collection, itself included; aliases make one collection be met many times, and it is measured once. */
  readonly sizes: Map<object, number>;
  readonly open: Set<object>;
  readonly path: string[];
}

function measure(value: unknown, walk: Walk): number | string {
  if (typeof value === 'number' && !Number.isFinite(value))
    return `${walk.path.join('.')} is ${value}, which JSON cannot say. Write a finite number or quote it.`;
  if (typeof value !== 'object' || value === null) return 1;
  const known = walk.sizes.get(value);
  if (known !== undefined) return known;
  if (walk.open.has(value)) return `${walk.path.join('.')} is an alias of something that it stands in. Write it out.`;
  if (walk.open.size >= walk.bounds.depth) return `aliases nest it deeper than ${walk.bounds.depth}. Write it out.`;
  walk.open.add(value);
  let size = 1;
  for (const [key, part] of Object.entries(value)) {
    walk.path.push(key);
    const under = measure(part, walk);
    if (typeof under === 'string') return under;
    walk.path.pop();
    size += under;
    if (size > walk.bounds.values)
      return `its aliases stand for more than ${walk.bounds.values} values. Use fewer aliases.`;
  }
  walk.open.delete(value);
  walk.sizes.set(value, size);
  return size;
}

/**
 * What is wrong with values whose aliases are expanded: too many, too deep, circular, or a number that is none. Takes
 * time by the text, not by the expansion.
 */
export function checkExpansion(values: readonly unknown[], bounds: Bounds): string | undefined {
  for (const value of values) {
    const found = measure(value, { bounds, sizes: new Map(), open: new Set(), path: [] });
    if (typeof found === 'string') return found;
  }
  return undefined;
}
