import { expect, test } from 'vitest';
import { columnsOf } from './columns.ts';

test('environments stand in the order of the pipelines', () => {
  expect(columnsOf([['dev', 'prod'], ['dev', 'staging', 'prod'], ['lab']])).toEqual(['dev', 'staging', 'prod', 'lab']);
});

test('an environment that only a later pipeline has stands before what follows it there', () => {
  expect(
    columnsOf([
      ['staging', 'prod'],
      ['dev', 'staging'],
    ]),
  ).toEqual(['dev', 'staging', 'prod']);
});

test('pipelines that contradict each other still give every environment once', () => {
  expect(
    columnsOf([
      ['a', 'b', 'c'],
      ['c', 'b', 'a'],
    ]).toSorted(),
  ).toEqual(['a', 'b', 'c']);
});
