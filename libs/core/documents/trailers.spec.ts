import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  acknowledgementTrailer,
  formatTrailers,
  parseAcknowledgements,
  parseTrailers,
  parseWords,
  wordTrailer,
  type Trailer,
} from './trailers.ts';

const commit = 'a'.repeat(40);

describe('trailers', () => {
  it('come back as they were written', () => {
    const word = fc.stringMatching(/^[!-~]{1,12}$/);
    const value = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join(' '));
    const trailer = fc.tuple(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,12}$/), value);
    fc.assert(
      fc.property(fc.array(trailer, { minLength: 1, maxLength: 4 }), (trailers) => {
        expect(parseTrailers(`Promote podinfo\n\nWhy.\n\n${formatTrailers(trailers)}\n`)).toEqual(trailers);
      }),
    );
  });

  it('fold line breaks of a value', () => {
    const text = formatTrailers([['Fairlead-Reason', 'first\nsecond']]);
    expect(text).toBe('Fairlead-Reason: first\n  second');
    expect(parseTrailers(`a\n\n${text}`)).toEqual([['Fairlead-Reason', 'first second']]);
  });

  it.each([
    ['a subject alone', 'Fix: the door'],
    ['a last paragraph that is prose', 'Fix\n\nSee: this\nand that'],
    ['nothing', ''],
  ])('are none in %s', (_what, message) => {
    expect(parseTrailers(message)).toEqual([]);
  });
});

describe('acknowledgements', () => {
  it.each([
    ['Removal', commit],
    ['Protected', 'prod/web/podinfo /PersistentVolumeClaim/podinfo/data'],
    ['Selector', 'prod'],
    ['Rewrite', commit],
  ] as const)('of kind %s are read', (kind, subject) => {
    const message = `Acknowledge\r\n\r\n${formatTrailers([['Signed-off-by', 'Ada'], acknowledgementTrailer({ kind, subject })])}\r\n`;
    expect(parseAcknowledgements(message)).toEqual([{ kind, subject }]);
  });

  it.each(['Removal', 'Removal abc', 'Protected prod/web/podinfo', 'Everything prod', 'removal prod', ''])(
    'are none in %j',
    (value) => {
      const trailers: Trailer[] = [['Fairlead-Acknowledge', value]];
      expect(parseAcknowledgements(trailers)).toEqual([]);
    },
  );
});

describe('what people say of candidates', () => {
  const candidate = `sha256:${'0'.repeat(64)} ${commit} chart=6.9.1 main=${commit}`;

  it('comes back as it was written', () => {
    const word = { kind: 'Approve', unit: 'prod/web/podinfo', candidate } as const;
    expect(parseWords(parseTrailers(`Approve\n\n${formatTrailers([wordTrailer(word)])}\n`))).toEqual([word]);
    expect(parseWords([['fairlead-resume', `prod/web/podinfo   ${candidate}`]])).toMatchObject([{ kind: 'Resume' }]);
  });

  it.each([
    ['no candidate', 'prod/web/podinfo'],
    ['a digest alone', `prod/web/podinfo sha256:${'0'.repeat(64)}`],
    ['no environment', `web/podinfo ${candidate}`],
    ['more behind it', `prod/web/podinfo ${candidate} please`],
  ])('says nothing with %s', (_what, value) => {
    expect(parseWords([['Fairlead-Approve', value]])).toEqual([]);
  });
});
