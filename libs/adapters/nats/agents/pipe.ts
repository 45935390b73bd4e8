import { Duplex } from 'node:stream';
import type { Clock } from '@fairlead/ports/clock';
import { natsCodec, type Frame, type FrameBody } from '@fairlead/wire';
import { Allowance, chunkBytes, Intake } from './credit.ts';

/** The bounds of one stream. */
export interface PipeLimits {
  /** Bytes, and {@link frameCost} for each frame, that wait at this end for its reader. */
  readonly window: number;
  /** After so long without a word the other end is asked whether it is there. */
  readonly idleMs: number;
  /** How long it may take to answer. */
  readonly answerMs: number;
}

/** Options of {@link Pipe}. */
export interface PipeOptions {
  readonly limits: PipeLimits;
  readonly clock: Clock;
  /** What the other end takes before it grants more. */
  readonly peerWindow: number;
  /** The numbers of the last frames before the pipe was made. */
  readonly before: { readonly sent: number; readonly received: number };
  /** Publishes one frame. */
  readonly send: (frame: Uint8Array) => void;
  /** A promise while the connection must not take more. */
  readonly turn: () => Promise<void> | undefined;
  /** Whether what came before the other end's last word is still read. */
  readonly readsToEnd: boolean;
}

const mostPingsAMinute = 60;

/**
 * A byte stream over the frames of two subjects. Core NATS brings a frame at most once: one that is missing ends the
 * stream. Neither end keeps more than its window for a reader that is slow.
 */
export class Pipe extends Duplex {
  /** Resolves with the reason when the stream is over, whoever ended it. */
  readonly over: Promise<string>;
  readonly #options: PipeOptions;
  readonly #ended = Promise.withResolvers<string>();
  readonly #allowance: Allowance;
  readonly #intake: Intake;
  readonly #inbox: Uint8Array[] = [];
  #sent: number;
  #received: number;
  #reads = false;
  #wake: (() => void) | undefined;
  #heardAtMs: number;
  #asked = false;
  #stopWatch = (): void => undefined;
  #pings = { sinceMs: 0, count: 0 };
  #lastWord: string | undefined;
  #saidEnd = false;

  constructor(options: PipeOptions) {
    // What TLS still writes while it is told of the end is dropped, and must not be an error.
    super({ allowHalfOpen: true });
    this.#options = options;
    this.#allowance = new Allowance(options.peerWindow);
    this.#intake = new Intake(options.limits.window);
    this.#sent = options.before.sent;
    this.#received = options.before.received;
    this.#heardAtMs = options.clock.now();
    this.over = this.#ended.promise;
    // Without a listener Node would throw what `over` tells already.
    this.on('error', () => undefined);
    this.#watch(options.limits.idleMs);
  }

  /** What the other end said last, once it has. */
  get lastWord(): string | undefined {
    return this.#lastWord;
  }

  /** The gateway's first word: it takes the stream, and as much as its window. */
  begin(): void {
    this.#send({ type: 'Grant', total: this.#options.limits.window });
  }

  /** One frame of the other end. What is out of order or against the rules ends the stream. */
  receive(bytes: Uint8Array): void {
    if (this.destroyed) return;
    let frame: Frame;
    try {
      frame = natsCodec.readFrame(bytes);
    } catch {
      return this.lose('A frame was no frame.');
    }
    // A gateway that lost its broker meanwhile no longer knows where it was.
    const follows = frame.sequence === this.#received + 1 || frame.type === 'End';
    if (!follows) return this.lose('A frame was lost on the way.');
    this.#received = frame.sequence;
    this.#heardAtMs = this.#options.clock.now();
    this.#asked = false;
    this.#handle(frame);
  }

  /** Ends the stream at once. */
  lose(reason: string): void {
    this.destroy(new Error(reason));
  }

  #handle(frame: Frame): void {
    switch (frame.type) {
      case 'Data':
        return this.#take(frame.data);
      case 'Grant':
        if (!this.#allowance.grant(frame.total)) return this.lose('The other end granted what it does not have.');
        return this.#wake?.();
      case 'Ping':
        if (!this.#mayPing()) return this.lose('The other end asked too often whether somebody is there.');
        return this.#send({ type: 'Pong' });
      case 'Pong':
        return;
      case 'End':
        return this.#endedBy(frame.reason);
      case 'Open':
        return this.lose('The other end opened the stream twice.');
    }
  }

  #take(data: Uint8Array): void {
    if (!this.#intake.receive(data.length)) return this.lose('The other end sent more than it may.');
    this.#inbox.push(data);
    this.#drain();
  }

  #drain(): void {
    while (this.#reads) {
      const data = this.#inbox.shift();
      if (data === undefined) break;
      const total = this.#intake.take(data.length);
      if (total !== undefined) this.#send({ type: 'Grant', total });
      this.#reads = this.push(data);
    }
    if (this.#lastWord !== undefined && this.#inbox.length === 0 && !this.readableEnded) this.push(null);
  }

  #endedBy(reason: string): void {
    this.#lastWord = reason;
    if (!this.#options.readsToEnd) return this.lose(reason);
    this.#drain();
    this.#wake?.();
  }

  override _read(): void {
    this.#reads = true;
    this.#drain();
  }

  override _write(chunk: Buffer, _: BufferEncoding, written: (error?: Error) => void): void {
    this.#put(chunk, written);
  }

  override _writev(chunks: { chunk: Buffer }[], written: (error?: Error) => void): void {
    this.#put(Buffer.concat(chunks.map(({ chunk }) => chunk)), written);
  }

  /** What may go now goes without a promise: most writes are small, and nobody is slow. */
  #put(bytes: Buffer, written: (error?: Error) => void): void {
    if (this.#mayGo(bytes.length)) {
      this.#sendData(bytes);
      written();
    } else this.#writeAll(bytes).then(() => written(), written);
  }

  /** Whether so much may go in one frame, now. */
  #mayGo(bytes: number): boolean {
    if (this.destroyed || this.#lastWord !== undefined || bytes > chunkBytes) return false;
    return this.#allowance.allows(bytes) && this.#options.turn() === undefined;
  }

  #sendData(data: Uint8Array): void {
    this.#allowance.spend(data.length);
    this.#send({ type: 'Data', data });
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const data = bytes.subarray(at, at + chunkBytes);
      for (;;) {
        if (this.destroyed) throw new Error('The stream is over.');
        // Nobody takes it any more; whoever reads finds that out.
        if (this.#lastWord !== undefined) return;
        if (!this.#allowance.allows(data.length)) {
          await this.#granted();
          continue;
        }
        const turn = this.#options.turn();
        if (!turn) break;
        await turn;
      }
      this.#sendData(data);
    }
  }

  /** A writer that waits asks sooner: where a frame was lost, the other end waits for it too. */
  async #granted(): Promise<void> {
    this.#stopWatch();
    this.#watch(this.#options.limits.answerMs);
    await new Promise<void>((wake) => (this.#wake = wake));
    this.#wake = undefined;
  }

  override _final(done: () => void): void {
    this.#sayEnd('The stream was ended.');
    done();
    // Who has said the last word reads no more either.
    process.nextTick(() => this.destroy());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const reason = this.#lastWord ?? error?.message ?? 'The stream was ended.';
    this.#stopWatch();
    this.#sayEnd(reason);
    this.#ended.resolve(reason);
    this.#inbox.length = 0;
    this.#wake?.();
    done(error);
  }

  #sayEnd(reason: string): void {
    if (this.#saidEnd || this.#lastWord !== undefined) return;
    this.#send({ type: 'End', reason });
    this.#saidEnd = true;
  }

  #send(frame: FrameBody): void {
    if (this.#saidEnd) return;
    this.#sent += 1;
    this.#options.send(natsCodec.writeFrame({ ...frame, sequence: this.#sent }));
  }

  #watch(forMs: number): void {
    this.#stopWatch = this.#options.clock.after(forMs, () => this.#look());
  }

  /** One timer a stream, set anew only when it fires: most streams are idle most of the time. */
  #look(): void {
    const { clock, limits } = this.#options;
    if (this.#asked) return this.lose('The other end does not answer.');
    const quietMs = clock.now() - this.#heardAtMs;
    const mostMs = this.#wake ? limits.answerMs : limits.idleMs;
    if (quietMs < mostMs) return this.#watch(mostMs - quietMs);
    this.#asked = true;
    this.#send({ type: 'Ping' });
    this.#watch(limits.answerMs);
  }

  #mayPing(): boolean {
    const nowMs = this.#options.clock.now();
    if (nowMs - this.#pings.sinceMs >= 60_000) this.#pings = { sinceMs: nowMs, count: 0 };
    this.#pings.count += 1;
    return this.#pings.count <= mostPingsAMinute;
  }
}
