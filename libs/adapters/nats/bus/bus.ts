import { randomUUID } from 'node:crypto';
import type { FairleadError } from '@fairlead/core/model';
import { busClosed, openDesks, openLines, type Bus, type Desks, type Lines, type Message } from '@fairlead/ports/bus';
import { TimeoutError } from '@nats-io/transport-node';
import { answerOne, askOver } from './asking.ts';
import { decode, encode } from './codec.ts';
import { busUnavailable } from './dial.ts';
import { beginLife, type HeardMessage, type Life } from './life.ts';
import { namesOf, type NatsBusOptions } from './options.ts';
import type { Place, Resumption } from './resume.ts';

/** The bus over NATS JetStream. */
export interface NatsBus extends Bus {
  /** Why it cannot be used now; undefined while it can. */
  problem(): FairleadError | undefined;
}

interface Pauses {
  readonly firstMs: number;
  readonly mostMs: number;
}

const dialPauses: Pauses = { firstMs: 100, mostMs: 5_000 };
const publishPauses: Pauses = { firstMs: 50, mostMs: 1_000 };
/** How long one try to publish waits for its answer. */
const answerWithinMs = 2_000;
/** A life that is shorter counts as a failure to begin one. */
const shortLifeMs = 10_000;

/**
 * A bus between processes, over one small stream of a NATS server with JetStream. Every process reads the whole stream
 * by one consumer of its own, from where it was; what it cannot have heard (the stream was deleted, wiped or set back,
 * or the process was away for longer than is kept) is told as `lost`. Resolves when the bus can be used, or after
 * `openWithinMs` all the same: it is dialled until it is closed, and `problem` says why it cannot be used.
 */
export async function openNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  const bus = new JetStreamBus(options);
  await bus.opened();
  return bus;
}

class JetStreamBus implements NatsBus {
  readonly #options: NatsBusOptions;
  readonly #lines: Lines;
  readonly #prefix: string;
  readonly #asked: string;
  readonly #desks: Desks = openDesks();
  /** How each name that is served stops being so in the life that goes on. */
  readonly #serving = new Map<string, () => void>();
  readonly #recovered = new Set<() => void>();
  /** Who waits for the next change of state. */
  readonly #waiting = new Set<() => void>();
  #place: Place | undefined;
  #life: Life | undefined;
  #problem: FairleadError | undefined;
  #isClosed = false;
  #publishing: Promise<unknown> = Promise.resolve();

  constructor(options: NatsBusOptions) {
    this.#options = options;
    this.#lines = openLines(options);
    const { prefix, asked } = namesOf(options);
    this.#prefix = `${prefix}.`;
    this.#asked = `${asked}.`;
    void this.#live();
  }

  async opened(): Promise<void> {
    const untilMs = this.#options.clock.now() + (this.#options.openWithinMs ?? 5_000);
    await this.#living(untilMs).catch(() => undefined);
  }

  problem(): FairleadError | undefined {
    return this.#problem;
  }

  publish: Bus['publish'] = (subject, payload) => {
    if (this.#isClosed) return Promise.reject(busClosed('publish'));
    const untilMs = this.#options.clock.now() + (this.#options.publishWithinMs ?? 10_000);
    // One after another: a message that is tried again is not overtaken.
    const sent = this.#publishing.then(() => this.#send({ subject, payload } as Message, untilMs));
    this.#publishing = sent.catch(() => undefined);
    return sent;
  };

  subscribe: Bus['subscribe'] = (subject, handler, listening) => this.#lines.add(subject, handler, listening);

  ask: Bus['ask'] = async (name, question, { withinMs }) => {
    if (this.#isClosed) throw busClosed('ask');
    const untilMs = this.#options.clock.now() + withinMs;
    const life = await this.#living(untilMs);
    return askOver(life, {
      name,
      subject: this.#asked + name,
      question,
      withinMs: untilMs - this.#options.clock.now(),
    });
  };

  serve: Bus['serve'] = (name, handler) => {
    const stop = this.#desks.add(name, handler);
    this.#serveIn(this.#life, name);
    return () => {
      stop();
      this.#serving.get(name)?.();
      this.#serving.delete(name);
    };
  };

  onRecovered(callback: () => void): () => void {
    this.#recovered.add(callback);
    return () => void this.#recovered.delete(callback);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#recovered.clear();
    this.#lines.close();
    this.#desks.close();
    this.#changed();
    await this.#life?.close();
  }

  async #send(message: Message, untilMs: number): Promise<void> {
    const { clock } = this.#options;
    const [bytes, id] = [encode(message), randomUUID()];
    for (let attempt = 0; ; attempt += 1) {
      const life = await this.#living(untilMs);
      const withinMs = Math.max(1, Math.min(answerWithinMs, untilMs - clock.now()));
      try {
        await life.publish(this.#prefix + message.subject, bytes, { id, withinMs });
        return this.#works();
      } catch (error) {
        // A short wait proves nothing of the connection.
        if (withinMs === answerWithinMs || !(error instanceof TimeoutError)) life.doubt(error);
        const pauseMs = pauseOf(publishPauses, attempt);
        if (this.#isClosed) throw busClosed('publish');
        if (clock.now() + pauseMs >= untilMs)
          throw this.#fails(busUnavailable(`Cannot publish ${message.subject} on the bus`, error));
        await this.#pause(pauseMs);
      }
    }
  }

  /** The life that goes on now; waits for one. Throws Unavailable at `untilMs`, and Shutdown. */
  async #living(untilMs: number): Promise<Life> {
    for (;;) {
      if (this.#isClosed) throw busClosed('publish');
      if (this.#life) return this.#life;
      const leftMs = untilMs - this.#options.clock.now();
      if (leftMs <= 0) throw this.#problem ?? busUnavailable('Cannot use the bus', 'its server has not answered yet');
      await this.#pause(leftMs, { orChange: true });
    }
  }

  /** Lives one life after another until the bus is closed. */
  async #live(): Promise<void> {
    for (let failures = 0; !this.#isClosed;) {
      const begunMs = this.#options.clock.now();
      this.#fails(await this.#liveOnce());
      failures = this.#options.clock.now() - begunMs < shortLifeMs ? failures + 1 : 0;
      if (!this.#isClosed) await this.#pause(pauseOf(dialPauses, failures));
    }
  }

  /** Resolves with what ended it, or kept it from beginning. */
  async #liveOnce(): Promise<FairleadError> {
    try {
      const life = await beginLife({
        options: this.#options,
        place: this.#place,
        began: (resumption, consumer) => this.#began(resumption, consumer),
        hear: (message) => this.#hear(message),
      });
      if (!this.#isClosed) {
        this.#life = life;
        for (const name of this.#desks.names()) this.#serveIn(life, name);
        this.#works();
        this.#changed();
      } else life.doubt(undefined);
      const reason = await life.over;
      this.#life = undefined;
      await life.close();
      return busUnavailable('The bus was lost', reason);
    } catch (error) {
      return busUnavailable('Cannot use the bus', error);
    }
  }

  #serveIn(life: Life | undefined, name: string): void {
    const { onProblem } = this.#options;
    const stop = life?.serve(this.#asked + name, {
      hear: (message) => void answerOne(this.#desks, { name, message }).catch(onProblem),
      // An older user may not: everything but questions goes on.
      failed: onProblem,
    });
    if (stop) this.#serving.set(name, stop);
  }

  #began({ afterSeq, lost }: Resumption, consumer: string): void {
    // Who subscribed before there was a bus may have missed what others said meanwhile.
    if (lost || this.#place === undefined) this.#lines.lose();
    this.#place = { seq: afterSeq, consumer };
  }

  #hear({ seq, subject, bytes }: HeardMessage): void {
    const place = this.#place;
    if (!place || seq <= place.seq) return;
    if (seq !== place.seq + 1) this.#lines.lose();
    this.#place = { ...place, seq };
    try {
      const message = decode(subject.slice(this.#prefix.length), bytes);
      if (message) this.#lines.ring(message.subject, message.payload);
    } catch (error) {
      // Whatever it meant to say, the store knows.
      this.#options.onProblem(error);
      this.#lines.lose();
    }
  }

  #works(): void {
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    for (const callback of this.#recovered) callback();
  }

  #fails(problem: FairleadError): FairleadError {
    const isNew = problem.message !== this.#problem?.message;
    this.#problem = problem;
    if (isNew && !this.#isClosed) this.#options.onProblem(problem);
    return problem;
  }

  #changed(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Resolves after so long, at the close, or at the next change where that is asked for. */
  #pause(forMs: number, { orChange = false } = {}): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        if (!orChange && !this.#isClosed) return;
        cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const cancel = this.#options.clock.after(forMs, () => {
        this.#waiting.delete(wake);
        resolve();
      });
      this.#waiting.add(wake);
    });
  }
}

/** Full jitter: many that lost the same server do not come back at once. */
function pauseOf({ firstMs, mostMs }: Pauses, attempt: number): number {
  return Math.random() * Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 20));
}
