import { expect, test } from 'vitest';
import { compare, measure } from './ratchet.ts';

test('a figure that grew past its bound is a finding', () => {
  const now = measure([10, 200, 300], [5, 5, 60]);
  expect(now).toEqual({ medianFileLines: 200, p95FunctionLines: 60 });
  expect(compare(now, { medianFileLines: 120, p95FunctionLines: 60 }).map((one) => one.message)).toEqual([
    'medianFileLines is 200, at most 120: split what grew',
  ]);
});
