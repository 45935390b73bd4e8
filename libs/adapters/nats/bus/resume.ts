/** Where a process is in the stream. */
export interface Place {
  /** Sequence of the last message that it saw; 0 before the first. */
  readonly seq: number;
  /** The consumer that it heard it by. */
  readonly consumer: string;
}

/** The stream as it is found by a process that comes back. */
export interface Found {
  /** Sequences of the oldest and the newest message; of the next and the last one where there are none. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Whether the consumer of the place is still there. */
  readonly hasConsumer: boolean;
}

/** Where to go on. */
export interface Resumption {
  /** The last message that counts as seen. */
  readonly afterSeq: number;
  /** Messages after the place may be missing. */
  readonly lost: boolean;
}

/**
 * Decides where a process goes on in a stream that may have been deleted, wiped, set back, trimmed, or robbed of its last
 * moments by a power cut while the process was away. The consumer is kept in the memory of the server only: while it is
 * there, the server has run all the time, and its stream is the same. Such a stream drops its oldest messages first.
 */
export function goOn(place: Place | undefined, found: Found): Resumption {
  if (place === undefined) return { afterSeq: found.lastSeq, lost: false };
  const isWhole = found.hasConsumer && found.firstSeq <= place.seq + 1;
  return isWhole ? { afterSeq: place.seq, lost: false } : { afterSeq: found.lastSeq, lost: true };
}
