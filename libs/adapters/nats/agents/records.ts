import type { Duplex } from 'node:stream';
import { FairleadError } from '@fairlead/core/model';
import { limits, natsCodec, type StreamRecord } from '@fairlead/wire';

const headBytes = 4;
/** A message of the largest size, in its record. */
const mostBytes = limits.messageBytes + 16;

/** Writes one record after its length. Resolves when the stream took it; rejects when the stream is over. */
export function writeRecord(stream: Duplex, record: StreamRecord): Promise<void> {
  const bytes = framed(record);
  return new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** In one piece: TLS makes one record of one write. */
function framed(record: StreamRecord): Buffer {
  const body = natsCodec.writeRecord(record);
  const bytes = Buffer.allocUnsafe(headBytes + body.length);
  bytes.writeUInt32BE(body.length);
  bytes.set(body, headBytes);
  return bytes;
}

/**
 * Writes records to a stream that may end without a word for those that are under way. They are kept by themselves: what
 * waits for a promise as old as the stream is kept as long as that.
 */
export class RecordWriter {
  readonly #stream: Duplex;
  readonly #underWay = new Set<(cause: Error) => void>();

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  /**
   * As {@link writeRecord}; rejects also when `end` is called before the stream took it. What is written at one time goes
   * in one piece: one record of TLS, one frame, one message of the broker.
   */
  async write(record: StreamRecord): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#underWay.add(reject);
    const stream = this.#stream;
    stream.cork();
    process.nextTick(() => stream.uncork());
    stream.write(framed(record), (error) => (error ? reject(error) : resolve()));
    try {
      await promise;
    } finally {
      this.#underWay.delete(reject);
    }
  }

  /** The stream is over. */
  end(): void {
    for (const reject of this.#underWay) reject(new Error('the stream is over'));
  }
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
