import type { Duplex } from 'node:stream';
import { FairleadError } from '@fairlead/core/model';
import { limits, natsCodec, type StreamRecord } from '@fairlead/wire';

const headBytes = 4;
/** A message of the largest size, in its record. */
const mostBytes = limits.messageBytes + 16;

/** Writes one record after its length. Resolves when the stream took it; rejects when the stream is over. */
export function writeRecord(stream: Duplex, record: StreamRecord): Promise<void> {
  const bytes = natsCodec.writeRecord(record);
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32BE(bytes.length);
  return new Promise((resolve, reject) => {
    stream.cork();
    stream.write(head);
    stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    stream.uncork();
  });
}

/** The records of a stream. Nothing more is read before the one that was given is asked to be followed by the next. */
export async function* readRecords(stream: Duplex): AsyncGenerator<StreamRecord, void> {
  let parts: Buffer[] = [];
  let held = 0;
  let needed = headBytes;
  // Whoever stops reading still has something to say.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    parts.push(chunk);
    held += chunk.length;
    while (held >= needed) {
      const all = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, held);
      if (needed === headBytes) {
        parts = [all];
        needed += lengthIn(all);
        continue;
      }
      // A copy: what is left must not keep a whole message in memory while the stream is idle.
      parts = held === needed ? [] : [Buffer.from(all.subarray(needed))];
      const record = natsCodec.readRecord(all.subarray(headBytes, needed));
      held -= needed;
      needed = headBytes;
      yield record;
    }
  }
}

function lengthIn(head: Buffer): number {
  const length = head.readUInt32BE();
  if (length > 0 && length <= mostBytes) return length;
  throw new FairleadError(
    `Cannot read the message: it has ${length} bytes, and the limit is ${limits.messageBytes}. Send it in parts.`,
    { code: 'ResourceExhausted', reason: 'InvalidArgument' },
  );
}
