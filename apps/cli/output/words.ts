import pc from 'picocolors';

/** Colours, or none. */
export type Paint = ReturnType<typeof pc.createColors>;

const good = new Set([
  'Connected',
  'InSync',
  'Healthy',
  'Pass',
  'Over',
  'Done',
  'Corrected',
  'None',
  'RolledOut',
  'Current',
]);
const busy = new Set([
  'Assigned',
  'Applying',
  'Progressing',
  'Soaking',
  'Open',
  'Wait',
  'Waiting',
  'Held',
  'Suspended',
]);
const bad = new Set(['Lost', 'OutOfSync', 'Failed', 'Degraded', 'Missing', 'Fail', 'Halted', 'Fighting', 'Present']);
const faint = new Set(['Never', 'Unknown', 'Ahead', 'old', '-', '']);

/** Colours for a terminal; `NO_COLOR` and `FORCE_COLOR` are heeded. */
export function paintFor(options: {
  readonly terminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}): Paint {
  const forced = options.env['FORCE_COLOR'];
  return pc.createColors(forced ? forced !== '0' : options.terminal && !options.env['NO_COLOR']);
}

/** Text of the hub or a cluster as one line without control characters: a name must not steer the terminal. */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the control characters are what is looked for
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '');
}

/** A word of state in its colour; a word that follows it (`InSync 3/4`) shares it. */
export function stateWord(text: string, paint: Paint): string {
  const [word = ''] = text.split(' ');
  if (/\bold$/.test(text) || faint.has(word)) return paint.dim(text);
  if (good.has(word)) return paint.green(text);
  if (bad.has(word)) return paint.red(text);
  return busy.has(word) || word === 'Silent' ? paint.yellow(text) : text;
}

/** How many of a whole are so: `InSync 4/4` where all are, `3/4` where not, `-` of nothing. */
export function share(word: string, { of, total }: { of: number; total: number }): string {
  if (total === 0) return '-';
  return of === total ? `${word} ${of}/${total}` : `${of}/${total}`;
}

const units: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** How long: `12s`, `5m`, `3h`, `2d`; below a second `0s`. */
export function span(ms: number): string {
  const [unit, size] = units.find(([, size]) => Math.abs(ms) >= size) ?? (['s', 1000] as const);
  return `${Math.floor(Math.max(ms, 0) / size)}${unit}`;
}

/** A moment in UTC: `2026-11-23 08:00Z`. */
export function minuteOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

/** First 12 digits of a commit or digest, for people. */
export function short(id: string | undefined): string {
  return id === undefined ? '-' : id.replace(/^sha256:/, '').slice(0, 12);
}
