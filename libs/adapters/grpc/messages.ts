import type { Duplex } from 'node:stream';
import { Frames, frameOf } from './frames.ts';

/**
 * Hands a stream's messages to `handle` one at a time, in order; while one is handled nothing more is read. A rejection
 * goes to `fail`, and nothing is read after it.
 */
export function readOneByOne(
  stream: Duplex,
  { handle, fail }: { readonly handle: (bytes: Buffer) => Promise<void>; readonly fail: (error: unknown) => void },
): void {
  const frames = new Frames();
  const readOn = (): void => {
    try {
      const bytes = frames.take();
      if (bytes === undefined) stream.resume();
      else handle(bytes).then(readOn, fail);
    } catch (thrown) {
      fail(thrown);
    }
  };
  stream.on('data', (chunk: Buffer) => {
    stream.pause();
    frames.push(chunk);
    readOn();
  });
}

/** Writes messages to a stream; each is done when HTTP/2 took its bytes within the other end's window. */
export class Writer {
  readonly #stream: Duplex;
  readonly #over: (cause?: Error | null) => Error;
  /** Those under way: a stream that ends may never call back, and a race against its end would hold each one until then. */
  readonly #waiting = new Set<(error?: Error | null) => void>();
  #isOver = false;

  /** `over` makes the error for what can no longer be sent. */
  constructor(stream: Duplex, over: (cause?: Error | null) => Error) {
    this.#stream = stream;
    this.#over = over;
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#isOver) return Promise.reject(this.#over());
    return new Promise((resolve, reject) => {
      const done = (error?: Error | null): void => {
        if (!this.#waiting.delete(done)) return;
        if (error || this.#isOver) reject(this.#over(error));
        else resolve();
      };
      this.#waiting.add(done);
      this.#stream.write(frameOf(bytes), done);
    });
  }

  /** Fails those that wait, and all that come. */
  end(): void {
    this.#isOver = true;
    for (const done of this.#waiting) done();
  }
}
