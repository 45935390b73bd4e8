import { expect, test } from 'vitest';
import { parseSelector } from './parseSelector.ts';
import { matches } from './selector.ts';

const labels = { env: 'prod', tier: 'canary', region: 'eu' };

test.each([
  ['env=prod', true],
  ['env==prod,tier!=canary', false],
  ['region in (us, eu)', true],
  ['region notin (us),!legacy', true],
  ['missing', false],
  ['missing!=x', true],
  ['', true],
])('%s fits: %s', (text, fits) => {
  expect(matches(parseSelector(text), labels)).toBe(fits);
});

test('what is no requirement is named', () => {
  expect(() => parseSelector('env=prod,a b')).toThrow('"a b" is no requirement');
});
