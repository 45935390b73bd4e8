import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { migrations } from './list.ts';

/**
 * SHA-256 of each migration's text, in order. Version 0.1.0 is the first that anybody has a store of: before it is
 * released a line may change along with its migration, from then on lines are only added.
 */
const frozen: readonly string[] = ['12ed159af11abb2741ff3d63b17d5ffc856c5647f8a65299ac811a7e62a8db53'];

const sums = migrations.map((text) => createHash('sha256').update(text).digest('hex'));

test('no migration that was released is edited', () => {
  const edited = frozen.flatMap((sum, at) => (sums[at] === sum ? [] : [at + 1]));
  expect(edited, 'a migration that was released is never edited: add a new one').toEqual([]);
});

test('every migration is frozen', () => {
  expect(sums.slice(frozen.length), 'add the sums of the new migrations to the list here').toEqual([]);
});
