import fc from 'fast-check';
import { expect, test } from 'vitest';
import { goOn } from './resume.ts';

const place = { seq: 7, consumer: 'c' };

test.each([
  [
    'who comes for the first time begins at the end',
    undefined,
    { firstSeq: 3, lastSeq: 9, hasConsumer: false },
    9,
    false,
  ],
  [
    'a stream that went on is followed from where it was left',
    place,
    { firstSeq: 3, lastSeq: 9, hasConsumer: true },
    7,
    false,
  ],
  ['what was seen may be dropped', place, { firstSeq: 8, lastSeq: 9, hasConsumer: true }, 7, false],
  ['what comes next may not', place, { firstSeq: 9, lastSeq: 9, hasConsumer: true }, 9, true],
  [
    'a server that was started anew may have forgotten',
    place,
    { firstSeq: 3, lastSeq: 7, hasConsumer: false },
    7,
    true,
  ],
  ['a stream that was set back is begun at its end', place, { firstSeq: 1, lastSeq: 2, hasConsumer: false }, 2, true],
])('%s', (_, from, found, afterSeq, lost) => {
  expect(goOn(from, found)).toEqual({ afterSeq, lost });
});

const step = fc.record({
  do: fc.constantFrom('publish', 'publish', 'drop', 'make anew', 'copy', 'set back', 'cut power'),
  n: fc.integer({ min: 1, max: 4 }),
});

test('whatever happened while a process was away: nothing is missed without being told', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.array(step, { maxLength: 12 }), (before, away) => {
      let stream = { first: 1, said: [] as number[] };
      let copy = structuredClone(stream);
      let words = 0;
      let hasConsumer = true;
      const play = (steps: typeof before): void => {
        for (const { do: what, n } of steps) {
          if (what === 'publish') for (let i = 0; i < n; i += 1) stream.said.push((words += 1));
          if (what === 'drop') stream.first = Math.min(stream.first + n, stream.said.length + 1);
          if (what === 'copy') copy = structuredClone(stream);
          if (what === 'make anew') stream = { first: 1, said: [] };
          if (what === 'set back') stream = structuredClone(copy);
          if (what === 'cut power') stream.said.splice(-n);
          // Deleted by hand, or its server was down: both end the consumer.
          if (['make anew', 'set back', 'cut power'].includes(what)) hasConsumer = false;
        }
      };
      play(before);
      const seen = { seq: stream.said.length, consumer: 'c' };
      const wordsBefore = words;
      hasConsumer = true;
      play(away);
      const { first, said } = stream;
      const { afterSeq, lost } = goOn(seen, { firstSeq: first, lastSeq: said.length, hasConsumer });
      if (lost) return;
      const heard = said.slice(Math.max(afterSeq, first - 1));
      for (let word = wordsBefore + 1; word <= words; word += 1) expect(heard).toContain(word);
    }),
  );
});
