import { FairleadError, type JsonObject } from '@fairlead/core/model';
import type { Bus, BusHandler, Subject } from '@fairlead/ports/bus';

/** Options of {@link inProcessBus}. */
export interface InProcessBusOptions {
  /** Hears what a handler threw; the message counts as delivered. */
  readonly onError: (error: unknown, subject: Subject) => void;
  /** How many messages wait for one subscriber at most; beyond it the oldest are let go. 10,000 unless told. */
  readonly queueLimit?: number;
}

/**
 * A bus between the roles of one process. Each subscriber has a queue of its own and handles one message at a time. A
 * message equal to one that still waits says nothing new and is let go, and so is the oldest of a full queue: a message
 * is a doorbell, and what it said is found by reading the store.
 */
export function inProcessBus(options: InProcessBusOptions): Bus {
  const { onError, queueLimit = 10_000 } = options;
  const lines = new Map<Subject, Set<Line>>();
  let closed = false;
  return {
    async publish(subject, payload) {
      if (closed)
        throw new FairleadError('Cannot publish: the bus is closed because the hub is stopping.', {
          code: 'Unavailable',
          reason: 'Shutdown',
        });
      for (const line of lines.get(subject) ?? []) line.push(payload);
    },
    subscribe(subject, handler) {
      const line = new Line({ handler, queueLimit, onError: (error) => onError(error, subject) });
      const ofSubject = lines.get(subject) ?? new Set();
      lines.set(subject, ofSubject.add(line));
      return () => {
        ofSubject.delete(line);
        line.stop();
      };
    },
    async close() {
      closed = true;
      for (const ofSubject of lines.values()) for (const line of ofSubject) line.stop();
      lines.clear();
    },
  };
}

interface LineOptions {
  readonly handler: BusHandler;
  readonly queueLimit: number;
  readonly onError: (error: unknown) => void;
}

/** One subscriber's queue. A map keeps the order and finds the equal message. */
class Line {
  readonly #options: LineOptions;
  readonly #waiting = new Map<string, JsonObject>();
  #busy = false;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  push(payload: JsonObject): void {
    const key = JSON.stringify(payload);
    if (this.#waiting.has(key)) return;
    const oldest = this.#waiting.keys().next();
    if (this.#waiting.size >= this.#options.queueLimit && !oldest.done) this.#waiting.delete(oldest.value);
    this.#waiting.set(key, JSON.parse(key) as JsonObject);
    if (!this.#busy) void this.#drain();
  }

  stop(): void {
    this.#waiting.clear();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    // The publisher goes on first: a bell does not wait for who hears it.
    await Promise.resolve();
    for (let next = this.#shift(); next; next = this.#shift()) {
      try {
        await this.#options.handler(next);
      } catch (error) {
        this.#options.onError(error);
      }
    }
    this.#busy = false;
  }

  #shift(): JsonObject | undefined {
    const [first] = this.#waiting;
    if (!first) return undefined;
    this.#waiting.delete(first[0]);
    return first[1];
  }
}
