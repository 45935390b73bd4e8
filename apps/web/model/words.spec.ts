import { expect, test } from 'vitest';
import { counted, nextTickMs, short, spanText, toneOf } from './words.ts';

test.each([
  [-5, '0 s'],
  [1, '1 s'],
  [59_001, '1 min'],
  [61_000, '1 min 1 s'],
  [7_500_000, '2 h 5 min'],
  [7_205_000, '2 h'],
  [90_000_000, '1 d 1 h'],
])('%i ms are told as %s', (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

test('a countdown moves when its text does', () => {
  expect(nextTickMs(2_400)).toBe(400);
  expect(nextTickMs(2_000)).toBe(1_000);
  expect(nextTickMs(7_230_000)).toBe(30_000);
});

test('a state has its tone, and a word of a later version is faint', () => {
  expect(['Over', 'Soaking', 'Halted', 'Ahead', 'Sideways'].map(toneOf)).toEqual([
    'good',
    'busy',
    'bad',
    'faint',
    'faint',
  ]);
});

test('a digest is told by its first digits', () => {
  expect(short(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab');
});

test('one thing is told as one', () => {
  expect([0, 1, 2].map((count) => counted(count, 'cluster'))).toEqual(['0 clusters', '1 cluster', '2 clusters']);
});
