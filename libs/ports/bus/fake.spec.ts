import { busContract } from '@fairlead/ports/contracts/bus';
import { expect, test } from 'vitest';
import { memoryBus } from './fake.ts';

busContract('in memory', { open: async () => memoryBus() });

test('settled waits for what handlers publish', async () => {
  const bus = memoryBus();
  const seen: string[] = [];
  bus.subscribe('head', () => bus.publish('release', {}));
  bus.subscribe('release', () => void seen.push('release'));
  await bus.publish('head', {});
  await bus.settled();
  expect(seen).toEqual(['release']);
});
