import { expect, test } from 'vitest';
import { coalesced } from './coalesced.ts';

test('a burst costs two pieces of work for each key, the second after the last was asked for', async () => {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const over = Promise.withResolvers<void>();
  const ask = coalesced(
    (key) => {
      begun.push(key);
      if (begun.length === 3) over.resolve();
      return new Promise((resolve) => ends.push(resolve));
    },
    () => undefined,
  );
  for (const key of ['a', 'a', 'b', 'a']) ask(key);
  expect(begun).toEqual(['a', 'b']);
  ends[0]?.();
  await over.promise;
  expect(begun).toEqual(['a', 'b', 'a']);
});

test('work that fails is told, and the next is done all the same', async () => {
  const said = Promise.withResolvers<unknown>();
  const done = Promise.withResolvers<void>();
  let times = 0;
  const ask = coalesced(async () => {
    times += 1;
    if (times === 1) throw new Error('away');
    done.resolve();
  }, said.resolve);
  ask('a');
  expect(await said.promise).toMatchObject({ message: 'away' });
  ask('a');
  await done.promise;
});
