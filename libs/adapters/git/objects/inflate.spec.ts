import { createRequire } from 'node:module';
import { deflateSync } from 'node:zlib';
import pako from 'pako';
import { expect, test } from 'vitest';
import './store.ts';

test("whole objects are inflated by Node's zlib, and isomorphic-git has the same pako as we", () => {
  const whole = pako.inflate(deflateSync('an object'));
  expect(Buffer.isBuffer(whole) && whole.toString()).toBe('an object');
  const ours = createRequire(import.meta.url);
  const theirs = createRequire(ours.resolve('isomorphic-git'));
  expect(theirs.resolve('pako')).toBe(ours.resolve('pako'));
});

test('what is cut is refused as before', () => {
  const cut = deflateSync('an object').subarray(0, 10);
  expect(() => pako.inflate(cut)).toThrow('unexpected end');
});
