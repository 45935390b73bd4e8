import type { Readable } from 'node:stream';

/**
 * Hands a stream's messages to `handle` one at a time, in order; while one is handled nothing more is read. A rejection
 * goes to `fail`, and nothing is read after it.
 */
export function readOneByOne(
  stream: Readable,
  { handle, fail }: { readonly handle: (bytes: Buffer) => Promise<void>; readonly fail: (error: unknown) => void },
): void {
  stream.on('data', (bytes: Buffer) => {
    stream.pause();
    handle(bytes).then(() => stream.resume(), fail);
  });
}
