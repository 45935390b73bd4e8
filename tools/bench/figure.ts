import type { Variant } from './bench.ts';
import type { Ground } from './ground.ts';

/** One figure, as one line of JSON says it. What does not apply is left out. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** How many clusters it was measured with. */
  readonly clusters: number;
  /** What it must not exceed, or must reach, and the value as a part of that. */
  readonly ceiling?: number;
  readonly floor?: number;
  /** What others have published for the like; it was not measured here. */
  readonly peer?: { readonly name: string; readonly value: number };
  readonly n?: number;
  readonly p50?: number;
  readonly p99?: number;
  /** Everything else that belongs to it, by a name that ends with its unit. */
  readonly details?: Readonly<Record<string, number | string>>;
}

/** A figure and the way in which the hub was run for it. */
export type MeasuredFigure = Figure & Variant;

/** The line of JSON. */
export function lineOf(figure: MeasuredFigure, ground: Ground): string {
  const { ceiling, floor, value } = figure;
  const bound = ceiling ?? floor;
  const ratio = bound === undefined ? {} : { ratio: rounded(value / bound) };
  return JSON.stringify({ ...figure, value: rounded(value), ...ratio, ...ground });
}

/** The words for people. */
export function wordsOf(figure: MeasuredFigure): string {
  const { name, clusters, value, unit, ceiling, floor, p50, p99, details, transport, layout } = figure;
  const bound =
    ceiling !== undefined
      ? ` (${value <= ceiling ? 'within' : 'OVER'} ${ceiling})`
      : floor !== undefined
        ? ` (${value >= floor ? 'reaches' : 'BELOW'} ${floor})`
        : '';
  const spread = p50 === undefined || p99 === undefined ? '' : `, p50 ${rounded(p50)}, p99 ${rounded(p99)}`;
  const rest = Object.entries(details ?? {}).map(
    ([key, one]) => `${key} ${typeof one === 'number' ? rounded(one) : one}`,
  );
  return `${name} at ${clusters} (${transport}, ${layout}): ${rounded(value)} ${unit}${bound}${spread}${rest.length === 0 ? '' : `; ${rest.join(', ')}`}`;
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
