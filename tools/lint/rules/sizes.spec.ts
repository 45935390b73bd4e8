import { expect, test } from 'vitest';
import { parseSource } from '../source.ts';
import { sizes } from './sizes.ts';

const messages = (text: string): string[] =>
  sizes(parseSource('libs/core/diff/a.ts', text)).findings.map((one) => one.message);

test('a file over 400 lines is refused', () => {
  expect(messages(Array.from({ length: 401 }, (_, at) => `const a${at} = 1;\n`).join(''))[0]).toContain('401 lines');
});

test('a function over 70 lines is refused', () => {
  expect(messages(`function f() {\n${'g();\n'.repeat(70)}}`)).toEqual(['72 lines in one function, at most 70']);
});

test('a fourth parameter is refused, a fifth injected thing is not', () => {
  expect(messages('function f(a: 1, b: 2, c: 3, d: 4) {}')).toHaveLength(1);
  expect(messages('class A { constructor(a: 1, b: 2, c: 3, d: 4, e: 5) {} }')).toEqual([]);
});

test('export * is refused', () => {
  expect(messages("export * from './b.ts';")).toHaveLength(1);
});
