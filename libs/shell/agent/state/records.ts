import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { FairleadError } from '@fairlead/core/model';

/** A key and its value; undefined: the key was taken away. */
export type StateRecord = readonly [key: string, value: string | undefined];

/** More than this is not believed to be ours: a Secret holds 1 MiB, and our text shrinks to a tenth at most. */
const maxOutputLength = 128 * 1024 * 1024;
const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** Packs records in the order given. The same records give the same bytes. */
export async function packRecords(records: Iterable<StateRecord>): Promise<Buffer> {
  return packText(linesOf(records));
}

/** Records as text, one a line. */
export function linesOf(records: Iterable<StateRecord>): string {
  const lines: string[] = [];
  for (const [key, value] of records) lines.push(JSON.stringify(value === undefined ? [key] : [key, value]));
  return lines.join('\n');
}

/** Reads what {@link packRecords} wrote. Throws DataLoss if it is something else. */
export async function unpackRecords(packed: Uint8Array): Promise<StateRecord[]> {
  const text = await unpackText(packed);
  try {
    return text === '' ? [] : text.split('\n').map((line) => recordOf(JSON.parse(line)));
  } catch (cause) {
    throw damaged('it holds no records', cause);
  }
}

/** Characters of keys and values. */
export function charsOf(records: Iterable<StateRecord>): number {
  let chars = 0;
  for (const [key, value] of records) chars += key.length + (value?.length ?? 0);
  return chars;
}

/** Compresses text. */
export async function packText(text: string): Promise<Buffer> {
  const packed = await zip(Buffer.from(text, 'utf8'), { level: 4 });
  // RFC 1952 names the operating system in byte 9: without it the bytes are alike on all of them.
  packed[9] = 255;
  return packed;
}

/** Reads what {@link packText} wrote. Throws DataLoss if it is something else. */
export async function unpackText(packed: Uint8Array): Promise<string> {
  try {
    return (await unzip(packed, { maxOutputLength })).toString('utf8');
  } catch (cause) {
    throw damaged('it is not compressed text', cause);
  }
}

/** A part of the agent's own state that cannot be read. */
export function damaged(why: string, cause?: unknown): FairleadError {
  return new FairleadError(
    `Cannot read the agent's state: ${why}; the hub sends it again once the damaged Secret is deleted`,
    { code: 'DataLoss', reason: 'DigestMismatch', cause },
  );
}

function recordOf(value: unknown): StateRecord {
  if (!Array.isArray(value) || typeof value[0] !== 'string') throw new TypeError('a record is [key, value]');
  if (value[1] !== undefined && typeof value[1] !== 'string') throw new TypeError('a value is text');
  return [value[0], value[1]];
}
