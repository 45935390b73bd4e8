import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { migrations } from './list.ts';

/**
 * SHA-256 of each migration's text, in order. Version 0.1.0 is the first that anybody has a store of: before it is
 * released a line may change along with its migration, from then on lines are only added.
 */
const frozen: readonly string[] = [
  '5fec369bffc38f8132810f464807ac08652ec93cbe789e716be8dd42bebfca56',
  'b4256c9d465282fe236f7377d22ee948bc03bb4b1ff9bed23503894b9a144054',
  '9cb836a5504f014f3c7b53233c6f0682007192a3711b22afbc0d43ee38d99666',
  '690468cc5b220e1b264385cfc1e87b7b14e6f0899c26bb61f42a6072a69ca39d',
];

const sums = migrations.map((text) => createHash('sha256').update(text).digest('hex'));

test('no migration that was released is edited', () => {
  const edited = frozen.flatMap((sum, at) => (sums[at] === sum ? [] : [at + 1]));
  expect(edited, 'a migration that was released is never edited: add a new one').toEqual([]);
});

test('every migration is frozen', () => {
  expect(sums.slice(frozen.length), 'add the sums of the new migrations to the list here').toEqual([]);
});
