import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

/**
 * Holds the migrations of a store to the SHA-256 of each one's text, in order. Version 0.1.0 is the first that anybody has
 * a store of: before it is released a line may change along with its migration, from then on lines are only added.
 */
export function frozenMigrations(migrations: readonly string[], frozen: readonly string[]): void {
  const sums = migrations.map((text) => createHash('sha256').update(text).digest('hex'));

  test('no migration that was released is edited', () => {
    const edited = frozen.flatMap((sum, at) => (sums[at] === sum ? [] : [at + 1]));
    expect(edited, 'a migration that was released is never edited: add a new one').toEqual([]);
  });

  test('every migration is frozen', () => {
    expect(sums.slice(frozen.length), 'add the sums of the new migrations to the list here').toEqual([]);
  });
}
