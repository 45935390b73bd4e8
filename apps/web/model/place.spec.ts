import { expect, test } from 'vitest';
import { hashOf, placeOf } from './place.ts';

test('a place is found again by its address', () => {
  const place = { kind: 'Rollout', environment: 'prod', application: 'web/shop' } as const;
  expect(hashOf(place)).toBe('#/rollouts/prod/web/shop');
  expect(placeOf(hashOf(place))).toEqual(place);
  expect(placeOf(hashOf({ kind: 'Board' }))).toEqual({ kind: 'Board' });
});

test.each(['', '#', '#/', '#/rollouts/prod/web', '#/rollouts/prod/web/shop/more', '#/rollouts/%/web/shop', '#/other'])(
  'the address %j shows the board',
  (hash) => {
    expect(placeOf(hash)).toEqual({ kind: 'Board' });
  },
);
