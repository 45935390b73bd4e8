import { expect, test } from 'vitest';
import { cycles } from './cycles.ts';

test('a circle of imports is named with its way', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['a']],
  ]);
  expect(cycles(graph).map((one) => one.message)).toEqual(['imports itself: a → b → c → a']);
});

test('two ways to one file are no circle', () => {
  const graph = new Map([
    ['a', ['b', 'c']],
    ['b', ['d']],
    ['c', ['d']],
    ['d', []],
  ]);
  expect(cycles(graph)).toEqual([]);
});
