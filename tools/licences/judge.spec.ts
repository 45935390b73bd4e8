import { expect, test } from 'vitest';
import { judge } from './judge.ts';

test.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0)', true],
  ['MIT AND GPL-3.0', false],
  ['GPL-3.0', false],
  ['', false],
])('licence %s passes: %s', (license, passes) => {
  expect(judge([{ name: 'a', version: '1.0.0', license }])).toHaveLength(passes ? 0 : 1);
});
