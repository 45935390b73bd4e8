import { FairleadError, type JsonObject } from '@fairlead/core/model';

/**
 * The most that one fact may hold, in bytes of JSON: what a rollout remembers of some forty thousand clusters with the
 * longest of names. What grows without such a bound is kept in several facts.
 */
export const factLimitBytes = 4_194_304;

/** A fact as JSON text. Throws InvalidInput where it is over {@link factLimitBytes}. */
export function factText(key: string, value: JsonObject): string {
  const text = JSON.stringify(value);
  // A UTF-16 unit is three bytes at most, so that short texts need no count.
  if (text.length * 3 <= factLimitBytes) return text;
  const bytes = new TextEncoder().encode(text).byteLength;
  if (bytes <= factLimitBytes) return text;
  throw new FairleadError(
    `Cannot keep the fact ${key}: it has ${bytes} bytes, and a fact holds ${factLimitBytes} at most. Keep it in several facts under one prefix.`,
    { code: 'InvalidInput', reason: 'InvalidArgument', subject: { object: key } },
  );
}
