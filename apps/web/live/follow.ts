import type { Client } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';
import { frameReader, type Frame } from './frames.ts';

/** Who hears what is followed. */
export interface Ears {
  /** It stands, for the first time or again: what has no number was missed meanwhile. */
  opened(): void;
  heard(frame: Frame): void;
  /** It ended and is dialled again by itself. */
  lost(): void;
  /** The hub does not let this token in any more. */
  refused(refusal: Refusal): void;
}

/** The hub says something every 20 s at least; a stream that is silent for longer is cut somewhere on the way. */
const silentMs = 60_000;

/** How long to wait before the watch is dialled for the n-th time in a row: doubled each time, half a minute at most. */
export function pauseMs(failures: number): number {
  return Math.min(30_000, 500 * 2 ** Math.max(0, failures - 1));
}

/** Follows the hub's watch until the signal aborts, from where it was left. */
export async function follow(client: Client, { ears, signal }: { ears: Ears; signal: AbortSignal }): Promise<void> {
  let lastId: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const headers = { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': lastId }) };
      const answer = await client.open('/api/v1/watch', { headers, signal });
      failures = 0;
      ears.opened();
      for await (const frame of framesOf(answer)) {
        lastId = frame.id ?? lastId;
        ears.heard(frame);
      }
    } catch (thrown) {
      if (thrown instanceof Refusal && thrown.status === 401) return ears.refused(thrown);
    }
    if (signal.aborted) return;
    failures += 1;
    ears.lost();
    await pause(pauseMs(failures), signal);
  }
}

async function* framesOf(answer: Response): AsyncGenerator<Frame, void, undefined> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  const read = frameReader();
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read(), silentMs);
      if (done) return;
      yield* read(value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function inTime<Value>(coming: Promise<Value>, ms: number): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing was heard for ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([coming, late]);
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
