import { toneOf, type Tone } from '../model/words.ts';

/** Beside the colour, so that nobody needs to see it. */
const signs: Readonly<Record<Tone, string>> = { good: '✓', busy: '◔', bad: '✕', faint: '·' };

/** A word of state with its sign and colour. */
export function State({ word, tone = toneOf(word), why }: { word: string; tone?: Tone; why?: string }) {
  return (
    <span className={`state ${tone}`} title={why}>
      <span aria-hidden="true">{signs[tone]}</span> {word}
    </span>
  );
}
