import { FairleadError } from '@fairlead/core/model';
import type { Clock } from '@fairlead/ports/clock';
import type { Payload, Subject, Traced } from './messages.ts';
import type { BusHandler, Listening } from './port.ts';

/** Bounds of every subscriber's queue, and who hears of failures. */
export interface LineOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** Hears what a handler threw when it is not tried again, and what `lost` threw. */
  readonly onError: (error: unknown, subject: Subject) => void;
  /** How many messages wait for one subscriber at most; 1,000 unless told. */
  readonly queueLimit?: number;
  /** How often a message is delivered to a handler that rejects it; 3 unless told. */
  readonly tries?: number;
  /** The pause before the second delivery; it doubles from one to the next. 200 unless told. */
  readonly pauseMs?: number;
}

/** The subscribers of one process, a queue each: what every bus does at its end. */
export interface Lines {
  add<S extends Subject>(subject: S, handler: BusHandler<S>, listening?: Listening): () => void;
  /** Gives the message to every subscriber of its subject. */
  ring<S extends Subject>(subject: S, payload: Payload<S>): void;
  /** Messages may be missing: what waits is let go, and every subscriber looks anew. */
  lose(): void;
  /** Resolves when nothing waits and nobody is at work. */
  idle(): Promise<void>;
  /** Nobody hears anything from now on; whoever subscribes is refused. */
  close(): void;
}

/** Makes the (still empty) set of subscribers. */
export function openLines(options: LineOptions): Lines {
  const lines = new Map<Subject, Set<Line>>();
  let closed = false;
  const all = (): Line[] => [...lines.values()].flatMap((ofSubject) => [...ofSubject]);
  return {
    add(subject, handler, listening = {}) {
      if (closed) throw busClosed('subscribe');
      const line = new Line({ ...options, ...listening, subject, handler });
      const ofSubject = lines.get(subject) ?? new Set();
      lines.set(subject, ofSubject.add(line));
      return () => {
        ofSubject.delete(line);
        line.stop();
      };
    },
    ring(subject, payload) {
      const ofSubject = lines.get(subject);
      if (!ofSubject || ofSubject.size === 0) return;
      // As text it is small, equal ones are found whatever trace they are of, and nobody changes another's copy.
      const { traceparent, ...said } = payload;
      const text = JSON.stringify(said);
      for (const line of ofSubject) line.push(text, traceparent);
    },
    lose() {
      for (const line of all()) line.lose();
    },
    async idle() {
      for (
        let busy = all().filter((line) => line.isBusy());
        busy.length > 0;
        busy = all().filter((one) => one.isBusy())
      )
        await Promise.all(busy.map((line) => line.idle()));
    },
    close() {
      closed = true;
      for (const line of all()) line.stop();
      lines.clear();
    },
  };
}

/** What a closed bus says to whoever wants something of it. */
export function busClosed(what: 'publish' | 'subscribe' | 'ask' | 'serve'): FairleadError {
  return new FairleadError(`Cannot ${what}: the bus is closed because the process is stopping.`, {
    code: 'Unavailable',
    reason: 'Shutdown',
  });
}

interface OneLine extends LineOptions, Listening {
  readonly subject: Subject;
  readonly handler: (payload: never) => unknown;
}

/** One subscriber's queue. A map, from what is said to the trace of who said it last, keeps the order and finds the equal message. */
class Line {
  readonly #options: OneLine;
  readonly #waiting = new Map<string, string | undefined>();
  #isLost = false;
  #isStopped = false;
  #running: Promise<void> | undefined;
  #wake: () => void = () => undefined;

  constructor(options: OneLine) {
    this.#options = options;
  }

  push(text: string, traceparent: string | undefined): void {
    if (this.#isStopped) return;
    const { queueLimit = 1_000 } = this.#options;
    // Whoever is this far behind reads the store once instead of following the backlog.
    if (this.#waiting.size >= queueLimit && !this.#waiting.has(text)) this.lose();
    // Said again it comes last again, as the newest word.
    this.#waiting.delete(text);
    this.#waiting.set(text, traceparent);
    this.#start();
  }

  lose(): void {
    if (this.#isStopped) return;
    this.#waiting.clear();
    this.#isLost = true;
    this.#start();
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting.clear();
    this.#wake();
  }

  isBusy(): boolean {
    return this.#running !== undefined;
  }

  idle(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  #start(): void {
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
      // What came after the last look and before this line would otherwise wait for the next.
      if (!this.#isStopped && (this.#isLost || this.#waiting.size > 0)) this.#start();
    });
  }

  async #drain(): Promise<void> {
    // The publisher goes on first: a bell does not wait for who hears it.
    await Promise.resolve();
    while (!this.#isStopped && (this.#isLost || this.#waiting.size > 0)) {
      if (this.#isLost) this.#tellLost();
      const [next] = this.#waiting;
      if (!next) continue;
      const [text, traceparent] = next;
      this.#waiting.delete(text);
      await this.#deliver(text, traceparent === undefined ? {} : { traceparent });
    }
  }

  #tellLost(): void {
    this.#isLost = false;
    try {
      this.#options.lost?.();
    } catch (error) {
      this.#options.onError(error, this.#options.subject);
    }
  }

  async #deliver(text: string, trace: Traced): Promise<void> {
    const { handler, onError, subject, tries = 3, pauseMs = 200 } = this.#options;
    for (let attempt = 1; !this.#isStopped; attempt += 1) {
      try {
        return void (await handler({ ...(JSON.parse(text) as object), ...trace } as never));
      } catch (error) {
        if (attempt >= tries) {
          onError(error, subject);
          return this.lose();
        }
        await this.#pause(pauseMs * 2 ** (attempt - 1));
      }
    }
  }

  #pause(forMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(forMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
