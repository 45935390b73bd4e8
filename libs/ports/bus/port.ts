import type { AskedHandler } from './asking.ts';
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
  /**
   * Asks the one process that serves a name, and resolves to its answer. The question goes at most once and is kept nowhere. Throws
   * NotFound where nobody serves the name, DeadlineExceeded where no answer came in time, Unavailable where the bus is away or
   * who serves failed, and InvalidInput for more than {@link mostAskedBytes}.
   */
  ask(name: string, question: string, options: { readonly withinMs: number }): Promise<string>;
  /** Answers what is asked of a name that is this process's own, several questions at a time. Returns how to stop. */
  serve(name: string, handler: AskedHandler): () => void;
  /** Calls back when the bus takes messages again after it did not; returns how to stop. */
  onRecovered(callback: () => void): () => void;
  close(): Promise<void>;
}
