/**
 * What a delta makes of its base (gitformat-pack, "Deltified representation"). Undefined where it reaches beyond either,
 * or makes another length than it says.
 */
export function applyDelta(base: Buffer, delta: Buffer): Buffer | undefined {
  const from = lengthAt(delta, 0);
  const to = lengthAt(delta, from.next);
  if (from.length !== base.length || to.length > mostBytes) return undefined;
  const made = Buffer.allocUnsafe(to.length);
  let written = 0;
  for (let at = to.next; at < delta.length;) {
    const op = delta[at] ?? 0;
    at += 1;
    if (op === 0) return undefined;
    const source = op & 0x80 ? base : delta;
    let [begin, length] = [at, op];
    if (op & 0x80) {
      [begin, length] = [0, 0];
      for (let bit = 0; bit < 4; bit += 1) if (op & (1 << bit)) begin += (delta[at++] ?? 0) * 2 ** (8 * bit);
      for (let bit = 0; bit < 3; bit += 1) if (op & (0x10 << bit)) length += (delta[at++] ?? 0) << (8 * bit);
      if (length === 0) length = 0x10000;
    } else {
      at += length;
    }
    if (begin + length > source.length || written + length > made.length) return undefined;
    source.copy(made, written, begin, begin + length);
    written += length;
  }
  return written === made.length ? made : undefined;
}

/** Larger than any pack that is fetched. */
const mostBytes = 2 ** 31 - 1;

/** Seven bits a byte, the lowest first. */
export function lengthAt(bytes: Buffer, at: number): { readonly length: number; readonly next: number } {
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { length, next: at };
  }
}
