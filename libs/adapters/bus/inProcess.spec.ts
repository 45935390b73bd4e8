import { busContract } from '@fairlead/ports/contracts/bus';
import { expect, test } from 'vitest';
import { inProcessBus } from './inProcess.ts';

busContract('in process', { open: async ({ onError }) => inProcessBus({ onError }) });

/** A handler that holds its first message until it is told. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const heard: unknown[] = [];
  const last = Promise.withResolvers<void>();
  return {
    heard,
    open: resolve,
    last: last.promise,
    async handler(payload: object) {
      heard.push(payload);
      if ('last' in payload) last.resolve();
      await promise;
    },
  };
}

test('a message equal to one that still waits is said once', async () => {
  const bus = inProcessBus({ onError: () => undefined });
  const slow = gate();
  bus.subscribe('desired', slow.handler);
  await bus.publish('desired', { n: 0 });
  for (const n of [1, 1, 2, 1, 2]) await bus.publish('desired', { n });
  await bus.publish('desired', { last: true });
  slow.open();
  await slow.last;
  expect(slow.heard).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, { last: true }]);
  await bus.close();
});

test('a queue is bounded: the oldest that wait are let go', async () => {
  const bus = inProcessBus({ onError: () => undefined, queueLimit: 2 });
  const slow = gate();
  bus.subscribe('desired', slow.handler);
  await bus.publish('desired', { n: 0 });
  for (const n of [1, 2, 3]) await bus.publish('desired', { n });
  await bus.publish('desired', { last: true });
  slow.open();
  await slow.last;
  expect(slow.heard.at(-1)).toEqual({ last: true });
  expect(slow.heard.length).toBeLessThanOrEqual(3);
  await bus.close();
});

test('what a handler threw is told with its subject', async () => {
  const told = Promise.withResolvers<unknown>();
  const bus = inProcessBus({ onError: (error, subject) => told.resolve([subject, String(error)]) });
  bus.subscribe('head', () => {
    throw new Error('on purpose');
  });
  await bus.publish('head', {});
  expect(await told.promise).toEqual(['head', 'Error: on purpose']);
  await bus.close();
});
