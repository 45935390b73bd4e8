import type { Json } from '@fairlead/core/model';

/** A JSON object, as it stands inside an object from outside. */
export type JsonMap = { readonly [key: string]: Json };

/** True for a JSON object; lists and null are none. */
export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for a JSON list. */
export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** The value of a key of its own; undefined where there is none, or no map. */
export function member(value: Json | undefined, key: string): Json | undefined {
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** JSON text with sorted keys: equal values give equal texts. For digests that never leave the agent. */
export function canonicalText(value: Json): string {
  if (typeof value === 'bigint') return String(value);
  if (isList(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isMap(value)) return JSON.stringify(value) ?? 'null';
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalText(value[key] ?? null)}`).join(',')}}`;
}

/** True if two values say the same, whatever the order of keys. */
export function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}
