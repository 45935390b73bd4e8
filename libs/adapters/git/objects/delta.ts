/**
 * What a delta makes of its base (gitformat-pack, "Deltified representation"). Undefined where it reaches beyond either,
 * or makes another length than it says.
 */
export function applyDelta(base: Buffer, delta: Buffer): Buffer | undefined {
  const from = lengthAt(delta, 0);
  const to = lengthAt(delta, from.next);
  if (from.length !== base.length) return undefined;
  // Joined at the end: what a damaged delta says of its length is no reason to take the memory for it.
  const parts: Buffer[] = [];
  let made = 0;
  for (let at = to.next; at < delta.length;) {
    const op = readOp(delta, at);
    const source = op.isCopy ? base : delta;
    made += op.length;
    if (op.length === 0 || op.begin + op.length > source.length || made > to.length) return undefined;
    parts.push(source.subarray(op.begin, op.begin + op.length));
    at = op.next;
  }
  return made === to.length ? Buffer.concat(parts, made) : undefined;
}

interface Op {
  /** From the base; else from the delta itself. */
  readonly isCopy: boolean;
  readonly begin: number;
  /** 0 for the op that git keeps for later. */
  readonly length: number;
  readonly next: number;
}

function readOp(delta: Buffer, start: number): Op {
  let at = start;
  const op = delta[at++] ?? 0;
  if (op < 0x80) return { isCopy: false, begin: at, length: op, next: at + op };
  let begin = 0;
  let length = 0;
  for (let byte = 0; byte < 4; byte += 1) if (op & (1 << byte)) begin += (delta[at++] ?? 0) * 2 ** (8 * byte);
  for (let byte = 0; byte < 3; byte += 1) if (op & (0x10 << byte)) length += (delta[at++] ?? 0) * 2 ** (8 * byte);
  return { isCopy: true, begin, length: length === 0 ? 0x10000 : length, next: at };
}

/** Seven bits a byte, the lowest first. */
export function lengthAt(bytes: Buffer, at: number): { readonly length: number; readonly next: number } {
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { length, next: at };
  }
}
