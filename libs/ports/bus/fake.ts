import { asFairleadError, FairleadError, type FairleadError as Failure, type JsonObject } from '@fairlead/core/model';
import type { Bus, BusHandler, Subject } from './port.ts';

/** A bus that a test can look into. */
export interface MemoryBus extends Bus {
  /** Everything that was published, oldest first. */
  readonly published: readonly { readonly subject: Subject; readonly payload: JsonObject }[];
  /** What handlers threw. */
  readonly failures: readonly Failure[];
  /** Resolves when every message has been handled, those included that handlers published meanwhile. */
  settled(): Promise<void>;
}

interface Line {
  readonly subject: Subject;
  readonly handler: BusHandler;
  /** The end of its queue: what comes next waits for it. */
  tail: Promise<void>;
}

/** A bus in memory for tests: nothing is lost, nothing doubled, each handler sees one message at a time. */
export function memoryBus(): MemoryBus {
  const published: { subject: Subject; payload: JsonObject }[] = [];
  const failures: Failure[] = [];
  const lines = new Set<Line>();
  let closed = false;
  const deliver = async (line: Line, payload: JsonObject): Promise<void> => {
    if (!lines.has(line)) return;
    try {
      await line.handler(structuredClone(payload));
    } catch (thrown) {
      failures.push(asFairleadError(thrown));
    }
  };
  return {
    published,
    failures,
    async publish(subject, payload) {
      if (closed)
        throw new FairleadError('Cannot publish: the bus is closed.', { code: 'Unavailable', reason: 'Shutdown' });
      published.push({ subject, payload: structuredClone(payload) });
      for (const line of lines) if (line.subject === subject) line.tail = line.tail.then(() => deliver(line, payload));
    },
    subscribe(subject, handler) {
      const line: Line = { subject, handler, tail: Promise.resolve() };
      lines.add(line);
      return () => void lines.delete(line);
    },
    async settled() {
      for (let seen = -1; seen !== published.length;) {
        seen = published.length;
        for (const line of lines) await line.tail;
      }
    },
    async close() {
      closed = true;
      lines.clear();
    },
  };
}
