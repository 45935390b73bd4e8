import { FairleadError, type ErrorOptions } from '@fairlead/core/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { untilNextStreamMs } from './backoff.ts';

const failed = (options: Partial<ErrorOptions>) =>
  new FairleadError('Cannot take the stream.', { code: 'Unavailable', reason: 'HubUnreachable', ...options });
const longest = (tries: number, failure: FairleadError | undefined): number =>
  untilNextStreamMs(tries, { failure, random: () => 1 });

test('while the hub is not heard, the pause grows to eight seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 100].map((tries) => longest(tries, failed({})))).toEqual([
    500, 1000, 2000, 4000, 8000, 8000, 8000,
  ]);
  expect(longest(9, undefined)).toBe(8000);
});

test('after a refusal it grows to a minute', () => {
  const refusal = failed({ code: 'PermissionDenied', reason: 'NotAMember' });
  expect([1, 7, 8, 100].map((tries) => longest(tries, refusal))).toEqual([500, 32_000, 60_000, 60_000]);
});

test('a time that the hub names is meant, and spread', () => {
  const failure = failed({ reason: 'RateLimited', retry: { afterMs: 4000 } });
  expect(untilNextStreamMs(1, { failure, random: () => 0 })).toBe(2000);
  expect(longest(50, failure)).toBe(6000);
});

test('agents that lost their hub at once come back spread over the whole pause', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 60 }),
      (r, n) => {
        const waitMs = untilNextStreamMs(n, { failure: undefined, random: () => r });
        expect(waitMs).toBe(Math.floor(r * longest(n, undefined)));
      },
    ),
  );
});
