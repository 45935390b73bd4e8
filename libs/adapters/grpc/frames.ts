import { FairleadError } from '@fairlead/core/model';
import { limits } from '@fairlead/wire';

/** What stands before each message: a flag of compression and the length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
const prefixBytes = 5;

/** A message as it travels: never compressed, for what is large comes by digest and once. */
export function frameOf(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(prefixBytes + bytes.length);
  frame[0] = 0;
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, prefixBytes);
  return frame;
}

/** Cuts a stream of bytes into messages; keeps no more than one message and the chunk that ended it. */
export class Frames {
  #chunks: Buffer[] = [];
  #length = 0;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /**
   * The next whole message; undefined until more bytes came. Throws ResourceExhausted for one over the limit, as soon
   * as its length is read, and InvalidInput for a compressed one.
   */
  take(): Buffer | undefined {
    if (this.#length < prefixBytes) return undefined;
    const bytes = this.#wholePrefix();
    const length = bytes.readUInt32BE(1);
    if (bytes[0] !== 0) throw refused('it is compressed, and no encoding was agreed', 'InvalidInput');
    if (length > limits.messageBytes)
      throw refused(`${length} bytes, and the limit is ${limits.messageBytes}`, 'ResourceExhausted');
    const whole = prefixBytes + length;
    if (this.#length < whole) return undefined;
    const all = this.#join();
    const rest = all.subarray(whole);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return all.subarray(prefixBytes, whole);
  }

  #wholePrefix(): Buffer {
    const [first] = this.#chunks;
    return first && first.length >= prefixBytes ? first : this.#join();
  }

  #join(): Buffer {
    const [first] = this.#chunks;
    if (first && this.#chunks.length === 1) return first;
    const all = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [all];
    return all;
  }
}

function refused(why: string, code: 'InvalidInput' | 'ResourceExhausted'): FairleadError {
  return new FairleadError(`Cannot read message: current value is ${why}.`, { code, reason: 'InvalidArgument' });
}
