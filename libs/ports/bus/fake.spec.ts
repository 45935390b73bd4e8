import { busContract } from '@fairlead/ports/contracts/bus';
import { expect, test } from 'vitest';
import { memoryBus } from './fake.ts';

busContract('in memory', {
  async open(options) {
    const bus = memoryBus(options);
    return { here: bus, there: bus };
  },
});

test('settled waits for what handlers publish', async () => {
  const bus = memoryBus();
  const seen: string[] = [];
  bus.subscribe('head', () => bus.publish('release', { applications: [] }));
  bus.subscribe('release', () => void seen.push('release'));
  await bus.publish('head', {});
  await bus.settled();
  expect(seen).toEqual(['release']);
});

test('a bus that is away refuses, and tells of its return', async () => {
  const bus = memoryBus();
  const recovered = new Promise<void>((resolve) => void bus.onRecovered(resolve));
  bus.away(true);
  await expect(bus.publish('head', {})).rejects.toMatchObject({ code: 'Unavailable', reason: 'BusUnavailable' });
  bus.away(false);
  await recovered;
  await bus.publish('head', {});
  expect(bus.published).toHaveLength(1);
});
