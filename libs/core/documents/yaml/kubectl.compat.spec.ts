import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '@fairlead/core/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseManifests } from '../manifests.ts';
import { defaultLimits, readChunk } from './read.ts';
import { needsQuotes } from './scalars.ts';

function read(text: string): unknown {
  return readChunk({ text, line: 1 }, { file: 'a.yaml', reason: 'InvalidManifest' })[0];
}

describe('scalars as kubectl reads them', () => {
  const folder = join(import.meta.dirname, 'cases');
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

  // The JSON beside each case is what `kubectl annotate --local -o json` made of it.
  it.each(names)('%s', (name) => {
    const given = parseManifests(readFileSync(join(folder, name), 'utf8'), { file: name });
    const wanted = parseJson(readFileSync(join(folder, name.replace('.yaml', '.json')), 'utf8'));
    expect(given.map(({ object }) => object)).toEqual([wanted]);
  });

  it.each([
    ['9007199254740993', 9_007_199_254_740_993n],
    ['-9007199254740993', -9_007_199_254_740_993n],
    ['18446744073709551616', 18_446_744_073_709_551_616n],
    ['9007199254740991', 9_007_199_254_740_991],
  ])('keeps every digit of %s', (text, value) => {
    expect(read(`a: ${text}`)).toEqual({ a: value });
  });

  it('reads a quoted text as that text, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(read(`a: ${JSON.stringify(text)}`)).toEqual({ a: text });
      }),
    );
  });

  it('needs no quotes exactly where the plain text is read as itself', () => {
    const words = fc.oneof(
      fc.stringMatching(/^[0-9a-zA-Z._+~-]{1,8}$/),
      fc.constantFrom('on', 'No', '0o17', '1_0', '12:30', '.5', 'null', '~', '0x1F', '1e3', '.inf'),
    );
    fc.assert(
      fc.property(
        words.filter((text) => !/^(?:[-.]{1,3}|-.*)$/.test(text)),
        (text) => {
          fc.pre(!/^[-+]?\.(?:inf|nan)$/i.test(text));
          expect(needsQuotes(text)).toBe((read(`a: ${text}`) as { a: unknown }).a !== text);
        },
      ),
    );
  });
});

describe('limits and refusals', () => {
  it.each([
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', 'Cannot read a.yaml:3: duplicated mapping key'],
    ['a key that two words make', 'on: 1\nyes: 2\n', 'Cannot read a.yaml:2: duplicated mapping key'],
    ['a null key', '~: 1\n', 'a key must not be null'],
    ['an infinity', 'a: { b: .inf }\n', 'a.b is Infinity'],
    ['a circle', 'a: &a { b: *a }\n', 'is an alias of something that it stands in'],
    ['a tag of another tool', 'a: !Ref b\n', 'unknown scalar tag'],
    ['broken YAML', 'a: [1\nb: 2\n', 'Cannot read a.yaml:2'],
  ])('refuses %s', (_what, text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('counts what aliases stand for, not how they are written', () => {
    const level = (name: string, below: string) =>
      `${name}: &${name} [${Array.from({ length: 9 }, () => `*${below}`).join(',')}]\n`;
    const bomb = `a: &a [1]\n${level('b', 'a')}${level('c', 'b')}${level('d', 'c')}${level('e', 'd')}${level('f', 'e')}${level('g', 'f')}${level('h', 'g')}`;
    expect(() => read(bomb)).toThrow('its aliases stand for more than 2000000 values');
  });

  it.each([
    ['too long a text', { textLength: 10 }, 'a: 0123456789', 'it has 13 characters and the limit is 10'],
    ['too deep a nest', { depth: 5 }, `a: ${'['.repeat(9)}${']'.repeat(9)}`, 'nesting exceeded maxDepth (5)'],
    ['too many aliases', { aliases: 2 }, 'a: &a 1\nb: [*a, *a, *a]', 'aliases exceeded maxAliases (2)'],
    ['too many merged keys', { mergeKeys: 1 }, 'a: &a { x: 1, y: 2 }\nb: { <<: *a }', 'maxTotalMergeKeys'],
  ])('refuses %s', (...[, limit, text, message]) => {
    const limits = { ...defaultLimits, ...limit };
    expect(() => parseManifests(text, { file: 'a.yaml', limits })).toThrow(message);
  });

  it('never carries the text of the file in an error', () => {
    try {
      read('password: hunter2\npassword: hunter2\n');
      expect.unreachable();
    } catch (thrown) {
      expect((thrown as Error).cause).toBeUndefined();
      expect(String(thrown)).not.toContain('hunter2');
    }
  });
});
