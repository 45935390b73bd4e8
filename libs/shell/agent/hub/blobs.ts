import { sha256 } from '@fairlead/core/bundle';
import { FairleadError, type BlobPart, type Digest } from '@fairlead/core/model';

/** Texts that come in parts, each held against the digest that names it. */
export interface BlobIntake {
  /** Takes parts as they come. Throws DigestMismatch for a whole that is not what it was named by; it is dropped then. */
  take(parts: readonly BlobPart[]): void;
  /** What came whole; it goes on until it is dropped. */
  readonly texts: Map<Digest, string>;
  /** Forgets halves, when a stream ends. */
  interrupt(): void;
}

/** Nothing that a hub sends may fill the memory: more than this is not waiting at a time. */
const mostBytes = 192 * 1024 * 1024;

/** Makes an empty intake. */
export function createBlobIntake(): BlobIntake {
  const halves = new Map<Digest, { parts: Uint8Array[]; bytes: number }>();
  const texts = new Map<Digest, string>();
  let heldBytes = 0;
  const drop = (digest: Digest): void => {
    heldBytes -= halves.get(digest)?.bytes ?? 0;
    halves.delete(digest);
  };
  const one = (blob: BlobPart): void => {
    if (blob.part === 0) drop(blob.digest);
    const half = halves.get(blob.digest) ?? { parts: [], bytes: 0 };
    if (blob.part !== half.parts.length) return drop(blob.digest);
    half.parts.push(blob.data);
    half.bytes += blob.data.length;
    heldBytes += blob.data.length;
    halves.set(blob.digest, half);
    if (heldBytes > mostBytes) throw tooMuch();
    if (half.parts.length < blob.parts) return;
    const whole = Buffer.concat(half.parts);
    drop(blob.digest);
    if (sha256(whole) !== blob.digest) throw mismatch(blob.digest, sha256(whole));
    texts.set(blob.digest, whole.toString('utf8'));
  };
  return {
    texts,
    take: (parts) => parts.forEach(one),
    interrupt() {
      halves.clear();
      heldBytes = 0;
    },
  };
}

function mismatch(wanted: Digest, found: Digest): FairleadError {
  return new FairleadError(`Cannot take an object: it was named ${wanted} and has ${found}; it is asked for again`, {
    code: 'DataLoss',
    reason: 'DigestMismatch',
    retry: 'backoff',
  });
}

function tooMuch(): FairleadError {
  return new FairleadError(
    `Cannot take more objects: current value is over ${mostBytes} bytes in unfinished parts; the stream is begun again`,
    { code: 'ResourceExhausted', reason: 'BundleIncomplete', retry: 'backoff' },
  );
}
