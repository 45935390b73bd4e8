import { FairleadError, isDigest, reasons, type CommitSha, type Digest, type Reason } from '@fairlead/core/model';
import { limits } from './limits.ts';

/** The error for a field that cannot be read. */
export function unreadable(path: string, found: string): FairleadError {
  return new FairleadError(
    `Cannot read ${path}: current value is ${found}. Both ends must be of versions that know each other's messages.`,
    { code: 'InvalidInput', reason: 'InvalidArgument', subject: { field: path } },
  );
}

/** Reads a digest of 32 bytes. */
export function digestFrom(bytes: Uint8Array, path: string): Digest {
  if (bytes.length !== 32) throw unreadable(path, `${bytes.length} bytes and not the 32 of a SHA-256`);
  return `sha256:${hexOf(bytes)}` as Digest;
}

/** Writes a digest as its 32 bytes. */
export function digestTo(digest: Digest, path: string): Uint8Array {
  if (!isDigest(digest)) throw unreadable(path, `"${String(digest).slice(0, 80)}" and not a SHA-256 digest`);
  return bytesOf(digest.slice(7));
}

/** Reads a commit of 20 bytes. */
export function commitFrom(bytes: Uint8Array, path: string): CommitSha {
  if (bytes.length !== 20) throw unreadable(path, `${bytes.length} bytes and not the 20 of a commit`);
  return hexOf(bytes) as CommitSha;
}

/** Writes a commit as its 20 bytes. */
export function commitTo(commit: CommitSha, path: string): Uint8Array {
  if (!/^[0-9a-f]{40}$/.test(commit)) throw unreadable(path, `"${commit.slice(0, 80)}" and not a commit`);
  return bytesOf(commit);
}

/** Reads a count, a duration or a time: a whole number that a double holds exactly. */
export function countFrom(value: bigint, path: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw unreadable(path, `${value}, which is out of range`);
  return Number(value);
}

/** Writes a count. */
export function countTo(value: number, path: string): bigint {
  if (!Number.isSafeInteger(value) || value < 0) throw unreadable(path, `${value} and not a whole number from 0`);
  return BigInt(value);
}

/** Writes a count of 32 bits. */
export function smallCountTo(value: number, path: string): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw unreadable(path, `${value} and not a whole number of 32 bits`);
  return value;
}

/** Options of {@link text}. */
export interface TextOptions {
  readonly path: string;
  /** At most so many characters; those of a name unless told. */
  readonly most?: number;
  readonly empty?: 'allowed';
}

/** Reads a text within its bound. */
export function text(value: string, { path, most = limits.nameChars, empty }: TextOptions): string {
  if (value.length > most) throw unreadable(path, `${value.length} characters long, and the limit is ${most}`);
  if (value === '' && empty === undefined) throw unreadable(path, 'empty');
  return value;
}

/** Reads a list within its bound. */
export function list<T>(values: readonly T[], { path, most }: { path: string; most: number }): readonly T[] {
  if (values.length > most) throw unreadable(path, `${values.length} items, and the limit is ${most}`);
  return values;
}

/** Reads a word of the closed list of reasons; one that a later version added to it is `ReasonUnknown`. */
export function reasonFrom(value: string, path: string): Reason {
  const word = text(value, { path });
  return Object.hasOwn(reasons, word) ? (word as Reason) : 'ReasonUnknown';
}

/** A message that must be there. */
export function required<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw unreadable(path, 'absent');
  return value;
}

/** The words of an enum of the wire. */
export interface Words<Word extends string, Wire extends number> {
  from(value: number, path: string): Word;
  to(word: Word, path: string): Wire;
  knows(value: number): boolean;
}

/**
 * Maps our words to an enum of the wire. Its zero value says nothing and is refused; one that a later version added is read
 * as `later`, the word that promises least, and refused where there is none.
 */
export function words<Word extends string, Wire extends number>(
  table: Readonly<Record<Word, Wire>>,
  later?: NoInfer<Word>,
): Words<Word, Wire> {
  const byValue = new Map<number, Word>(Object.entries<Wire>(table).map(([word, value]) => [value, word as Word]));
  return {
    from(value, path) {
      const word = byValue.get(value) ?? (value === 0 ? undefined : later);
      if (word === undefined)
        throw unreadable(path, `${value}, which stands for none of ${[...byValue.values()].join(', ')}`);
      return word;
    },
    to(word, path) {
      if (!Object.hasOwn(table, word)) throw unreadable(path, `"${word}" and none of ${Object.keys(table).join(', ')}`);
      return table[word];
    },
    knows: (value) => value === 0 || byValue.has(value),
  };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function bytesOf(digits: string): Uint8Array {
  return Buffer.from(digits, 'hex');
}
