import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asFairleadError, FairleadError, subjectText } from './error.ts';
import {
  applicationId,
  isApplicationId,
  isDigest,
  isName,
  isVerification,
  splitApplicationId,
  verificationOf,
  verifiedBy,
} from './ids.ts';
import { parseJson, printJson } from './json.ts';
import { keyText, parseKey } from './objects.ts';

const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);

describe('names', () => {
  it('of applications are split as they were joined', () => {
    fc.assert(
      fc.property(name, name, (team, one) => {
        expect(splitApplicationId(applicationId(team, one))).toEqual({ team, name: one });
      }),
    );
  });

  it('of verifications are those of no application, and say whose they are', () => {
    fc.assert(
      fc.property(name, name, (team, one) => {
        const id = applicationId(team, one);
        const verification = verificationOf(id);
        expect(isName(splitApplicationId(verification).name)).toBe(false);
        expect([isVerification(id), isVerification(verification)]).toEqual([false, true]);
        expect([verifiedBy(id), verifiedBy(verification)]).toEqual([id, id]);
        expect([isApplicationId(id), isApplicationId(verification)]).toEqual([true, true]);
      }),
    );
  });

  it.each([
    ['a', true],
    ['a-1', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), false],
    ['', false],
    ['-a', false],
    ['a-', false],
    ['A', false],
    ['a.b', false],
    ['a/b', false],
    ['a\n', false],
  ])('%j is one: %s', (text, wanted) => {
    expect(isName(text)).toBe(wanted);
  });

  it('of content are sha256 and 64 hex digits', () => {
    expect(isDigest(`sha256:${'0'.repeat(64)}`)).toBe(true);
    expect(isDigest(`sha256:${'0'.repeat(63)}`)).toBe(false);
    expect(isDigest(`sha512:${'0'.repeat(64)}`)).toBe(false);
  });

  it('of objects come back as they were written', () => {
    const key = fc.record({
      group: fc.constantFrom('', 'apps'),
      kind: fc.constantFrom('A', 'B'),
      namespace: fc.oneof(fc.constant(''), name),
      name,
    });
    fc.assert(
      fc.property(key, (one) => {
        expect(parseKey(keyText(one))).toEqual(one);
      }),
    );
    expect(parseKey('a/b/c')).toBeUndefined();
    expect(parseKey('apps//x/y')).toBeUndefined();
  });
});

describe('JSON', () => {
  it('keeps every digit of an integer and leaves the rest to JSON.parse', () => {
    const text = '{"a":9007199254740993,"b":-123456789012345678901234567890,"c":1e30,"d":0.1,"e":"9007199254740993"}';
    expect(['12345678901234567', ' [ -12345678901234567]'].map(parseJson)).toEqual([
      12345678901234567n,
      [-12345678901234567n],
    ]);
    expect(parseJson(text)).toEqual({
      a: 9_007_199_254_740_993n,
      b: -123_456_789_012_345_678_901_234_567_890n,
      c: 1e30,
      d: 0.1,
      e: '9007199254740993',
    });
    fc.assert(
      fc.property(fc.bigInt(), fc.jsonValue(), (big, value) => {
        const printed = printJson({ big, value });
        expect(printJson(parseJson(printed))).toBe(printed);
        expect(printed).toContain(`"big":${big}`);
      }),
    );
  });
});

describe('errors', () => {
  it('keep what a FairleadError says and give any other one a word', () => {
    const own = new FairleadError('no', { code: 'NotFound', reason: 'NotFound' });
    expect(asFairleadError(own, { code: 'Internal' })).toBe(own);
    expect(asFairleadError(new Error('boom'))).toMatchObject({
      message: 'boom',
      code: 'Internal',
      reason: 'InternalError',
      retry: 'backoff',
    });
    expect(asFairleadError('text', { retry: 'never' })).toMatchObject({ message: 'text', retry: 'never' });
  });

  it('name their place on one line', () => {
    expect(subjectText({ file: 'a.yaml', line: 3, field: 'spec' })).toBe('a.yaml:3 spec');
    expect(subjectText({ cluster: 'shop-1' })).toBe('shop-1');
  });
});
