import { expect, test } from 'vitest';
import { parseSource } from '../source.ts';
import { purity } from './purity.ts';

const messages = (text: string, path = 'libs/core/diff/a.ts'): string[] =>
  purity(parseSource(path, text)).map((one) => one.message);

test.each([
  ['Date.now()', 'const a = Date.now();'],
  ['a bare new Date', 'const a = new Date();'],
  ['Math.random', 'const a = Math.random();'],
  ['an async function', 'export async function a() {}'],
  ['process', 'const a = process.env;'],
  ['timers', 'setTimeout(() => {}, 1);'],
  ['fetch', "fetch('x');"],
])('%s is refused in core', (_name, text) => {
  expect(messages(text).length).toBeGreaterThan(0);
});

test('a property that has the name of a global is fine', () => {
  expect(messages('const a = status.process; const b = { fetch: 1 }; const c = new Date(0);')).toEqual([]);
});

test('outside core the rule is silent', () => {
  expect(messages('const a = Date.now();', 'libs/shell/agent/a.ts')).toEqual([]);
});
