import { isList, isMap, type Json } from '@fairlead/core/model';

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
