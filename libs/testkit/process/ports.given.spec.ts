import { expect, test } from 'vitest';
import { freePort } from './index.ts';

test('a port is given once, though nobody listens on it yet', async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, () => freePort()));
  expect(new Set(ports).size).toBe(300);
});
