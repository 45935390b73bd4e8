/**
 * A message that ends with one field of bytes, after a number at most, as Protocol Buffers encode it. The general writer
 * would describe, collect and copy it, which for messages that only carry others costs more than the rest of the way.
 */
export interface BytesField {
  /** The field's number in its message; below 16, so that its tag is one byte. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** A count in a field before it. Throws RangeError for one that is no safe integer from 0 on. */
  readonly before?: { readonly number: number; readonly value: number };
}

const lengthDelimited = 2;
/** Of a count: eight times seven bits hold every safe integer. */
const mostBytes = 8;

/** Writes such a message. */
export function writeBytesField({ number, bytes, before }: BytesField): Uint8Array {
  const headBytes = (before ? 1 + sizeOf(before.value) : 0) + 1 + sizeOf(bytes.length);
  const message = Buffer.allocUnsafe(headBytes + bytes.length);
  let at = 0;
  if (before) {
    message[at] = before.number << 3;
    at = writeCount(message, before.value, at + 1);
  }
  message[at] = (number << 3) | lengthDelimited;
  at = writeCount(message, bytes.length, at + 1);
  message.set(bytes, at);
  return message;
}

/** Reads such a message, without a copy; undefined for what looks otherwise, which the general reader judges. */
export function readBytesField(
  message: Uint8Array,
  by: { readonly number: number; readonly before?: number },
): { readonly bytes: Uint8Array; readonly before?: number } | undefined {
  let at = 0;
  let before: number | undefined;
  if (by.before !== undefined) {
    if (message[0] !== by.before << 3) return undefined;
    const count = readCount(message, 1);
    if (!count) return undefined;
    before = count.value;
    at = count.end;
  }
  if (message[at] !== ((by.number << 3) | lengthDelimited)) return undefined;
  const length = readCount(message, at + 1);
  if (!length || length.end + length.value !== message.length) return undefined;
  return { bytes: message.subarray(length.end), ...(before !== undefined && { before }) };
}

/** How many bytes a count takes: seven bits each. */
function sizeOf(count: number): number {
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`${count} is no count`);
  let size = 1;
  for (let rest = count; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** Returns where the next byte goes. */
function writeCount(into: Uint8Array, count: number, start: number): number {
  let at = start;
  let rest = count;
  for (; rest >= 128; rest = Math.floor(rest / 128)) into[at++] = (rest % 128) | 128;
  into[at++] = rest;
  return at;
}

/** Undefined for what is cut off, or more than a safe integer. */
function readCount(from: Uint8Array, start: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  let unit = 1;
  for (let at = start; at < start + mostBytes; at += 1, unit *= 128) {
    const byte = from[at] ?? 128;
    value += (byte & 127) * unit;
    if (byte < 128) return value > Number.MAX_SAFE_INTEGER ? undefined : { value, end: at + 1 };
  }
  return undefined;
}
