import type { Json } from './objects.ts';

interface RawJson {
  rawJSON(text: string): unknown;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
}

const raw = JSON as unknown as RawJson;

/** A number of so many digits, or what looks like one in a text: as a value it follows a colon, a comma or a bracket. */
const longInteger = /[:,[]\s*-?\d{16}/;
const bareNumber = /^\s*-?\d/;

/**
 * `JSON.parse` that keeps the digits of every integer: one beyond 2^53 becomes a bigint. Throws `SyntaxError` as
 * `JSON.parse` does.
 */
export function parseJson(text: string): unknown {
  // A reviver makes parsing several times slower, and hardly any manifest holds such a number.
  if (!longInteger.test(text) && !bareNumber.test(text)) return JSON.parse(text);
  return raw.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
    return /^-?\d+$/.test(source) ? BigInt(source) : value;
  });
}

/** `JSON.stringify` that prints a bigint as the number that it is; what {@link parseJson} reads comes back alike. */
export function printJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? raw.rawJSON(part.toString()) : part,
  );
}

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

/** True if two values say the same, whatever the order of keys. */
export function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, nth) => isEqual(item, b[nth]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}
