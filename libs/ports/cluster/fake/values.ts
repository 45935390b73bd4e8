/** Any JSON, while it is being worked on. */
export type Value = unknown;
/** A JSON object, while it is being worked on. */
export type Bag = Record<string, unknown>;

/** True for what JSON calls an object. */
export function isBag(value: Value): value is Bag {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Equal as JSON values, whatever the order of keys. */
export function same(a: Value, b: Value): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => same(each, b[index]));
  if (!isBag(a) || !isBag(b)) return false;
  const keys = Object.keys(a).filter((key) => a[key] !== undefined);
  const others = Object.keys(b).filter((key) => b[key] !== undefined);
  return keys.length === others.length && keys.every((key) => same(a[key], b[key]));
}

/** A deep copy: what goes into the server and out of it is never shared. */
export function copy<T>(value: T): T {
  return structuredClone(value);
}
