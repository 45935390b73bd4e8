const surrogate = /[\ud800-\udfff]/;

function byCodePoint(a: string, b: string): number {
  // UTF-16 order is code point order unless one side holds a surrogate.
  if (!surrogate.test(a) && !surrogate.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  const left = Array.from(a);
  const right = Array.from(b);
  for (let at = 0; at < left.length && at < right.length; at++) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** No manifest nests as deep; a circle does. */
const deepest = 500;

function print(value: unknown, depth: number): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'bigint') return value.toString();
  // The shortest digits that read back as the same double, as ECMAScript, RFC 8785 and Go print them; `-0` is `0`.
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' || depth > deepest) throw new TypeError(`not a JSON value: ${typeof value}`);
  if (Array.isArray(value)) return `[${value.map((item) => print(item ?? null, depth + 1)).join(',')}]`;
  const parts: string[] = [];
  for (const key of Object.keys(value).sort(byCodePoint)) {
    const part = (value as Record<string, unknown>)[key];
    if (part !== undefined) parts.push(`${JSON.stringify(key)}:${print(part, depth + 1)}`);
  }
  return `{${parts.join(',')}}`;
}

/**
 * JSON with one spelling for each value: keys sorted by code point, no white space, numbers as the shortest decimal that
 * is exact, integers of any size (bigint) in full, nulls kept, undefined left out. Throws `TypeError` for what JSON has
 * not: NaN, infinities, functions, circles.
 */
export function canonicalJson(value: unknown): string {
  return print(value, 0);
}

export { byCodePoint };
