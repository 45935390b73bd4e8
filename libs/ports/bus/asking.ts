import { asFairleadError, FairleadError } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import { busClosed } from './lines.ts';

/** Answers a question; what it rejects is told to who asked. */
export type AskedHandler = (question: string) => Promise<string>;

/** A question, or an answer, has at most so many bytes in UTF-8: what a NATS server takes by default, with a margin. */
export const mostAskedBytes = 1_000_000;

/** Questions within one process: what every bus does at its end. */
export interface Desks {
  add(name: string, handler: AskedHandler): () => void;
  names(): readonly string[];
  /** The answer of who serves the name. Throws NotFound where nobody does, and Unavailable with what the handler threw. */
  answer(name: string, question: string): Promise<string>;
  close(): void;
}

/** Makes the (still empty) set of who serves. */
export function openDesks(): Desks {
  const handlers = new Map<string, AskedHandler>();
  let closed = false;
  return {
    add(name, handler) {
      if (closed) throw busClosed('serve');
      if (handlers.has(name)) throw new TypeError(`${name} is served already`);
      handlers.set(name, handler);
      return () => void handlers.delete(name);
    },
    names: () => [...handlers.keys()],
    async answer(name, question) {
      const handler = handlers.get(name);
      if (!handler) throw nobodyServes(name);
      try {
        return await handler(question);
      } catch (thrown) {
        throw notAnswered(name, asFairleadError(thrown).message);
      }
    },
    close() {
      closed = true;
      handlers.clear();
    },
  };
}

/** The error where nobody serves a name. */
export function nobodyServes(name: string): FairleadError {
  return new FairleadError(`Cannot ask ${name}: no process of that name is there; look again who is`, {
    code: 'NotFound',
    reason: 'NotFound',
  });
}

/** The error where a question came to who serves, and the answer is a failure. */
export function notAnswered(name: string, why: string): FairleadError {
  return new FairleadError(`Cannot ask ${name}: it answers "${why}"`, { code: 'Unavailable', reason: 'InternalError' });
}

/** The error of an answer that did not come. */
export function answeredLate(name: string, withinMs: number): FairleadError {
  return new FairleadError(`Cannot ask ${name}: it has not answered within ${withinMs} ms; ask again`, {
    code: 'DeadlineExceeded',
    reason: 'BusUnavailable',
    retry: 'backoff',
  });
}

/** Throws InvalidInput for a text that no bus carries. */
export function assertAskable(what: 'question' | 'answer', text: string): void {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= mostAskedBytes) return;
  throw new FairleadError(
    `Cannot carry the ${what}: it has ${bytes} bytes, and the bus takes ${mostAskedBytes}. Ask for less at once.`,
    { code: 'InvalidInput', reason: 'InvalidArgument' },
  );
}

/** Asks within one process. */
export function askHere(desks: Desks, clock: Pick<Clock, 'after'>) {
  return async (name: string, question: string, { withinMs }: { readonly withinMs: number }): Promise<string> => {
    assertAskable('question', question);
    const late = Promise.withResolvers<never>();
    const cancel = clock.after(withinMs, () => late.reject(answeredLate(name, withinMs)));
    try {
      const answer = await Promise.race([desks.answer(name, question), late.promise]);
      assertAskable('answer', answer);
      return answer;
    } finally {
      cancel();
    }
  };
}
