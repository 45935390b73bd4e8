import type { Payload, Subject } from './messages.ts';

/** Takes one message; what it rejects is delivered again a few times. */
export type BusHandler<S extends Subject> = (payload: Payload<S>) => void | Promise<void>;

/** Options of a subscription. */
export interface Listening {
  /**
   * Called, between two messages, when some may be missing: the subscriber was too slow for its queue, its handler
   * rejected one for good, or the bus was away or lost what it kept. Whoever listens looks at the store anew.
   */
  readonly lost?: () => void;
}

/**
 * Carries doorbells between roles, to every subscriber in every process: at least once and, from one publisher, in
 * order for each subject. What was missed is told by `lost` and found by reading the store. Throws `FairleadError`.
 */
export interface Bus {
  /** Resolves when the bus has taken the message; rejects within a bounded time with Unavailable when it cannot. */
  publish<S extends Subject>(subject: S, payload: Payload<S>): Promise<void>;
  /**
   * Hears what is published from now on, one message at a time, each at least once; a message equal to one that still
   * waits may be said once. The queue is bounded. Returns how to stop. Throws Shutdown where the bus is closed.
   */
  subscribe<S extends Subject>(subject: S, handler: BusHandler<S>, listening?: Listening): () => void;
  /** Calls back when the bus takes messages again after it did not; returns how to stop. */
  onRecovered(callback: () => void): () => void;
  close(): Promise<void>;
}
