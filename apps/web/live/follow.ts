import type { Client } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';
import { frameReader, type Frame } from './frames.ts';
import { pause, pauseMs, type Wakes } from './pause.ts';

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

/** A watch that stood for so long did not fail by what it began with. */
const aliveMs = 10_000;
const firstMs = 500;
/** A hub that is gone may be back any moment; one that lets go of a watch, or has too many calls, is asked less. */
const goneMostMs = 5_000;
const mostMs = 30_000;

/** How a hub is followed. */
export interface Following {
  readonly ears: Ears;
  readonly signal: AbortSignal;
  /** When it is dialled at once, however long the pause was to be. */
  readonly wakes?: Wakes;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/** Follows the hub's watch until the signal aborts, from where it was left. */
export async function follow(client: Client, { ears, signal, wakes, random }: Following): Promise<void> {
  let lastId: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    let isGone = false;
    let openedAtMs: number | undefined;
    try {
      const headers = { accept: 'text/event-stream', ...(lastId !== undefined && { 'last-event-id': lastId }) };
      const answer = await client.open('/api/v1/watch', { headers, signal });
      openedAtMs = Date.now();
      ears.opened();
      for await (const frame of framesOf(answer)) {
        lastId = frame.id ?? lastId;
        ears.heard(frame);
      }
    } catch (thrown) {
      if (thrown instanceof Refusal && thrown.status === 401) return ears.refused(thrown);
      isGone = thrown instanceof Refusal && thrown.status !== 429;
    }
    if (signal.aborted) return;
    const hasLived = openedAtMs !== undefined && Date.now() - openedAtMs >= aliveMs;
    failures = hasLived ? 1 : failures + 1;
    ears.lost();
    const growth = { firstMs, mostMs: isGone ? goneMostMs : mostMs, ...(random && { random }) };
    await pause(pauseMs(failures, growth), { signal, ...(wakes && { wakes }) });
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
