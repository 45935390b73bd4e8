/** How a state is to be taken. */
export type Tone = 'good' | 'busy' | 'bad' | 'faint';

const tones: Readonly<Record<Tone, readonly string[]>> = {
  good: ['Over', 'Done', 'Pass', 'InSync', 'Healthy'],
  busy: ['Progressing', 'Soaking', 'Waiting', 'Open', 'Assigned', 'Applying', 'Wait', 'Held'],
  bad: ['Halted', 'Failed', 'Fail', 'Degraded', 'OutOfSync'],
  faint: ['Ahead', 'Unknown'],
};

const toneByWord = new Map(
  Object.entries(tones).flatMap(([tone, words]) => words.map((word) => [word, tone as Tone] as const)),
);

/** The tone of a word of state; a word that is not known here is faint. */
export function toneOf(word: string): Tone {
  return toneByWord.get(word) ?? 'faint';
}

/** First 12 digits of a commit or digest, for people. */
export function short(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** How long, in its two largest units: `2 h 5 min`, `12 s`; rounded up to a second, so that nothing is over too early. */
export function spanText(ms: number): string {
  let left = Math.ceil(Math.max(ms, 0) / 1000) * 1000;
  const parts = units.map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return { unit, count };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  if (first < 0) return '0 s';
  const told = parts.slice(first, first + 2).filter(({ count }) => count > 0);
  return told.map(({ count, unit }) => `${count} ${unit}`).join(' ');
}

/** After how long the text of {@link spanText} is another: seconds are counted only below an hour. */
export function nextTickMs(ms: number): number {
  const step = ms > 3_600_000 ? 60_000 : 1000;
  return ms % step || step;
}

/** A number of things: `1 cluster`, `2 clusters`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
