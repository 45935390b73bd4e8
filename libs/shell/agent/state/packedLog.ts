import { charsOf, linesOf, packRecords, packText, unpackRecords, type StateRecord } from './records.ts';

/** The newest changes as they lie in a head: what each commit packed, one behind the other. Later records win. */
export interface PackedLog {
  readonly bytes: Buffer;
  /** Characters of all its records, those that were overwritten since among them. */
  readonly chars: number;
}

/** Nothing was changed since the chunks. */
export const emptyLog: PackedLog = { bytes: Buffer.alloc(0), chars: 0 };

/**
 * The log with these records behind what is packed already, so that a commit costs what it changes: gzip reads members
 * that follow each other as one text (RFC 1952, 2.2). Packed anew, from `log`, where much of it was overwritten.
 * Undefined: it is too long, and belongs into chunks.
 */
export async function grow(
  packed: PackedLog,
  by: {
    readonly records: readonly StateRecord[];
    /** What is in the log with them. */
    readonly log: ReadonlyMap<string, string | undefined>;
    readonly mostChars: number;
  },
): Promise<PackedLog | undefined> {
  const { records, log, mostChars } = by;
  if (log.size === 0) return emptyLog;
  if (records.length === 0) return packed;
  const chars = packed.chars + charsOf(records);
  if (chars <= mostChars) {
    const more = await (packed.bytes.length === 0 ? packRecords(records) : packText(`\n${linesOf(records)}`));
    return { bytes: Buffer.concat([packed.bytes, more]), chars };
  }
  const charsAnew = charsOf(log);
  return charsAnew > mostChars / 2 ? undefined : { bytes: await packRecords(log), chars: charsAnew };
}

/** The bytes to write: those of no records are not nothing, so that the head reads like any other. */
export async function packedLogOf({ bytes }: PackedLog): Promise<Buffer> {
  return bytes.length === 0 ? packRecords([]) : bytes;
}

/** Reads what was written. Throws DataLoss if it is something else. */
export async function unpackLog(bytes: Buffer): Promise<{ records: readonly StateRecord[]; packed: PackedLog }> {
  const records = await unpackRecords(bytes);
  return { records, packed: records.length === 0 ? emptyLog : { bytes, chars: charsOf(records) } };
}
