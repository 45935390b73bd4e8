import { readFile } from 'node:fs/promises';

/** Where the objects of one pack begin and end. */
export interface PackIndex {
  /** Where an object begins in the pack; undefined where it is not in it. */
  offsetOf(oid: string): number | undefined;
  /** Where the object that begins there ends; undefined where none begins there. */
  endOf(offset: number, packBytes: number): number | undefined;
}

const magic = 0xff744f63;
const headBytes = 8;
const oidBytes = 20;
/** Behind the last object of a pack stands its own digest. */
const trailerBytes = 20;
const fanoutBytes = 256 * 4;
/** A larger offset stands in a table of its own: such packs are over 2 GiB, and never fetched. */
const mostOffset = 2 ** 31;

/** Reads an index of version 2 (gitformat-pack). Undefined for any other, and for one that cannot be. */
export async function readPackIndex(file: string): Promise<PackIndex | undefined> {
  const bytes = await readFile(file);
  if (bytes.length < headBytes + fanoutBytes) return undefined;
  if (bytes.readUInt32BE(0) !== magic || bytes.readUInt32BE(4) !== 2) return undefined;
  const count = bytes.readUInt32BE(headBytes + fanoutBytes - 4);
  const oids = headBytes + fanoutBytes;
  // A checksum of each object stands between names and offsets.
  const table = oids + count * (oidBytes + 4);
  if (bytes.length < table + count * 4 + 2 * trailerBytes) return undefined;
  const begins = new Uint32Array(count);
  for (let at = 0; at < count; at += 1) begins[at] = bytes.readUInt32BE(table + at * 4);
  begins.sort();
  if ((begins.at(-1) ?? 0) >= mostOffset) return undefined;
  return {
    offsetOf(oid) {
      const wanted = Buffer.from(oid, 'hex');
      const first = wanted[0] ?? 0;
      const low = first === 0 ? 0 : bytes.readUInt32BE(headBytes + (first - 1) * 4);
      const high = bytes.readUInt32BE(headBytes + first * 4);
      const at = halve({ low, high }, (middle) => {
        const begin = oids + middle * oidBytes;
        return bytes.compare(wanted, 0, oidBytes, begin, begin + oidBytes) < 0;
      });
      const begin = oids + at * oidBytes;
      if (at >= high || bytes.compare(wanted, 0, oidBytes, begin, begin + oidBytes) !== 0) return undefined;
      return bytes.readUInt32BE(table + at * 4);
    },
    endOf(offset, packBytes) {
      const at = halve({ low: 0, high: count }, (middle) => (begins[middle] ?? 0) < offset);
      return begins[at] === offset ? (begins[at + 1] ?? packBytes - trailerBytes) : undefined;
    },
  };
}

/** The first place that is not before what is looked for. */
function halve({ low, high }: { low: number; high: number }, isBefore: (middle: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
