import { manualClock } from '@fairlead/ports/clock';
import { busContract } from '@fairlead/ports/contracts/bus';
import { expect, test } from 'vitest';
import { inProcessBus } from './inProcess.ts';

busContract('in process', {
  async open(options) {
    const bus = inProcessBus({ ...options, pauseMs: 1 });
    return { here: bus, there: bus };
  },
});

test('the pauses between deliveries grow', async () => {
  const clock = manualClock();
  const pauses: number[] = [];
  const told = Promise.withResolvers<unknown>();
  const bus = inProcessBus({
    clock: {
      after(delayMs, callback) {
        pauses.push(delayMs);
        const stop = clock.after(delayMs, callback);
        clock.advance(delayMs);
        return stop;
      },
    },
    pauseMs: 100,
    tries: 4,
    onError: (error, subject) => told.resolve([subject, String(error)]),
  });
  bus.subscribe('head', () => {
    throw new Error('on purpose');
  });
  await bus.publish('head', {});
  expect(await told.promise).toEqual(['head', 'Error: on purpose']);
  expect(pauses).toEqual([100, 200, 400]);
  await bus.close();
});
