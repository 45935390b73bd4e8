import { afterEach, expect, test, vi } from 'vitest';
import type { Client } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';
import { follow, pauseMs } from './follow.ts';

afterEach(() => void vi.useRealTimers());

test('pauses grow, and stay within half a minute', () => {
  expect([1, 2, 3, 4, 20].map(pauseMs)).toEqual([500, 1_000, 2_000, 4_000, 30_000]);
});

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
