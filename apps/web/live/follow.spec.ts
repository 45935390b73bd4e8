import { afterEach, expect, test, vi } from 'vitest';
import type { Client } from '../api/client.ts';
import { Refusal, unreachable } from '../api/refusal.ts';
import { follow } from './follow.ts';
import type { Wakes } from './pause.ts';

afterEach(() => void vi.useRealTimers());

test('a watch that ends is dialled again from where it was left, until the token is refused', async () => {
  const dialled: (string | undefined)[] = [];
  const heard: string[] = [];
  const client: Pick<Client, 'open'> = {
    async open(_path, { headers }) {
      dialled.push(headers['last-event-id']);
      if (dialled.length === 2) throw new Refusal('Cannot answer.', { status: 401, reason: 'TokenInvalid' });
      return new Response('id: 7\nevent: Entry\ndata: {}\n\nevent: Fleet\ndata: {}\n\n');
    },
  };
  await follow(client as Client, {
    ears: {
      opened: () => heard.push('opened'),
      heard: ({ event }) => heard.push(event),
      lost: () => heard.push('lost'),
      refused: ({ reason }) => heard.push(reason),
    },
    signal: new AbortController().signal,
  });
  expect(dialled).toEqual([undefined, '7']);
  expect(heard).toEqual(['opened', 'Entry', 'Fleet', 'lost', 'TokenInvalid']);
});

test('a watch that is silent for a minute is dialled again', async () => {
  vi.useFakeTimers();
  const stop = new AbortController();
  const heard: string[] = [];
  const client: Pick<Client, 'open'> = {
    open: async () =>
      new Response(new ReadableStream({ start: (stream) => stream.enqueue(new TextEncoder().encode(':\n\n')) })),
  };
  const following = follow(client as Client, {
    ears: {
      opened: () => heard.push('opened'),
      heard: ({ event }) => heard.push(event),
      lost: () => {
        heard.push('lost');
        stop.abort();
      },
      refused: ({ reason }) => heard.push(reason),
    },
    signal: stop.signal,
  });
  await vi.advanceTimersByTimeAsync(59_000);
  expect(heard).toEqual(['opened']);
  await vi.advanceTimersByTimeAsync(2_000);
  await vi.runAllTimersAsync();
  await following;
  expect(heard).toEqual(['opened', 'lost']);
});

/** Follows with pauses that chance does not shorten, until it was dialled so often; when it was, in seconds. */
async function dialledAt(open: Client['open'], { times, wakes }: { times: number; wakes?: Wakes }): Promise<number[]> {
  vi.useFakeTimers();
  const beganMs = Date.now();
  const stop = new AbortController();
  const atSeconds: number[] = [];
  const client: Pick<Client, 'open'> = {
    open(...asked) {
      atSeconds.push((Date.now() - beganMs) / 1000);
      if (atSeconds.length === times) stop.abort();
      return open(...asked);
    },
  };
  const nobody = { opened: ignore, heard: ignore, lost: ignore, refused: ignore };
  const following = follow(client as Client, {
    ears: nobody,
    signal: stop.signal,
    random: () => 0,
    ...(wakes && { wakes }),
  });
  await vi.runAllTimersAsync();
  await following;
  return atSeconds;
}
const ignore = (): void => undefined;
const diesAt = (ms: number) => async () =>
  new Response(new ReadableStream({ start: (stream) => void setTimeout(() => stream.close(), ms) }));

test('a hub that is gone is dialled every five seconds at least', async () => {
  const gone = async () => Promise.reject(unreachable());
  expect(await dialledAt(gone, { times: 7 })).toEqual([0, 0.5, 1.5, 3.5, 7.5, 12.5, 17.5]);
});

test('a watch that opens and dies at once is dialled less and less', async () => {
  expect(await dialledAt(diesAt(0), { times: 9 })).toEqual([0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5, 91.5]);
});

test('a watch that stood for a while is dialled again soon', async () => {
  expect(await dialledAt(diesAt(20_000), { times: 4 })).toEqual([0, 20.5, 41, 61.5]);
});

test('a pause is over when the page is looked at again', async () => {
  const wakes = (wake: () => void) => {
    const timer = setTimeout(wake, 100);
    return () => clearTimeout(timer);
  };
  const refuses = async () => Promise.reject(unreachable());
  expect(await dialledAt(refuses, { times: 4, wakes })).toEqual([0, 0.1, 0.2, 0.3]);
});
