import type { Variant } from './bench.ts';
import type { Ground } from './ground.ts';

/** One figure, as one line of JSON says it. What does not apply is left out. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** With how many clusters of a hub it was measured, or with how many objects of one agent: one of the two. */
  readonly clusters?: number;
  readonly objects?: number;
  /** What it must not exceed, or must reach, and the value as a part of that. */
  readonly ceiling?: number;
  readonly floor?: number;
  /** What another one did in the same run, by turns with what is measured. */
  readonly paired?: Paired;
  /** What another one takes for the like: published, or measured in the same run. */
  readonly peer?: { readonly name: string; readonly value: number };
  readonly n?: number;
  readonly p50?: number;
  readonly p99?: number;
  /** Everything else that belongs to it, by a name that ends with its unit. */
  readonly details?: Readonly<Record<string, number | string>>;
}

/** The value against that of a ceiling, pair by pair. */
export interface Paired {
  /** Whose. */
  readonly name: string;
  readonly ceiling: number;
  /** The median of the pairs' ratios, and the interval that holds it 19 times in 20. */
  readonly ratio: number;
  readonly interval: readonly [low: number, high: number];
  /** What the ratio must reach. */
  readonly least: number;
}

/** A figure and the way in which the hub was run for it. */
export type MeasuredFigure = Figure & Variant;

/** The line of JSON. */
export function lineOf(figure: MeasuredFigure, ground: Ground): string {
  const { paired, ...rest } = figure;
  const { ceiling, floor, value } = rest;
  const bound = ceiling ?? floor;
  const ratio = bound === undefined ? {} : { ratio: rounded(value / bound) };
  return JSON.stringify({ ...rest, value: rounded(value), ...ratio, ...(paired && lineOfPaired(paired)), ...ground });
}

function lineOfPaired({ name, ceiling, ratio, interval, least }: Paired): object {
  return {
    ceiling: rounded(ceiling),
    ceilingIs: name,
    ratio: rounded(ratio),
    ratioInterval: interval.map(rounded),
    ratioFloor: least,
  };
}

/** How many of what a figure was measured with. */
export function sizeOf({ clusters, objects }: Figure): { readonly count: number; readonly of: 'clusters' | 'objects' } {
  return clusters === undefined ? { count: objects ?? 0, of: 'objects' } : { count: clusters, of: 'clusters' };
}

/** What a ceiling of the same run says of a value: `0.87 of the raw client’s 703 (0.80–0.93)`. */
export function wordsOfPaired({ name, ceiling, ratio, interval }: Paired): string {
  return `${rounded(ratio)} of the ${rounded(ceiling)} of ${name}, ${interval.map(rounded).join('–')}`;
}

/** The words for people. */
export function wordsOf(figure: MeasuredFigure): string {
  const { name, value, unit, ceiling, floor, paired, p50, p99, details, transport, layout } = figure;
  const { count, of } = sizeOf(figure);
  const bound =
    ceiling !== undefined
      ? ` (${value <= ceiling ? 'within' : 'OVER'} ${ceiling})`
      : floor !== undefined
        ? ` (${value >= floor ? 'reaches' : 'BELOW'} ${floor})`
        : paired
          ? ` (${wordsOfPaired(paired)}: ${paired.ratio >= paired.least ? 'reaches' : 'BELOW'} ${paired.least})`
          : '';
  const spread = p50 === undefined || p99 === undefined ? '' : `, p50 ${rounded(p50)}, p99 ${rounded(p99)}`;
  const rest = Object.entries(details ?? {}).map(
    ([key, one]) => `${key} ${typeof one === 'number' ? rounded(one) : one}`,
  );
  return `${name} at ${count} ${of} (${transport}, ${layout}): ${rounded(value)} ${unit}${bound}${spread}${rest.length === 0 ? '' : `; ${rest.join(', ')}`}`;
}

/** Three significant digits are more than any of these figures deserves. */
export function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** The value below which this share of them lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The interval that holds the median with 95 %, by ranks alone; all of them where they are few. */
export function medianInterval(values: readonly number[]): [low: number, high: number] {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)));
  return [sorted[rank] ?? Number.NaN, sorted[sorted.length - 1 - rank] ?? Number.NaN];
}
