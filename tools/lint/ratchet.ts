import type { Finding } from './source.ts';

/** Figures over the whole tree. They may only ever fall. */
export interface Ratchet {
  readonly medianFileLines: number;
  readonly p95FunctionLines: number;
}

/** The figures of a tree; 0 for an empty one. */
export function measure(fileLines: readonly number[], functionLines: readonly number[]): Ratchet {
  return { medianFileLines: quantile(fileLines, 0.5), p95FunctionLines: quantile(functionLines, 0.95) };
}

/** One finding for each figure that is above its bound in `ratchet.json`. */
export function compare(now: Ratchet, bound: Ratchet): Finding[] {
  const names = ['medianFileLines', 'p95FunctionLines'] as const;
  return names
    .filter((name) => now[name] > bound[name])
    .map((name) => ({
      path: 'tools/lint/ratchet.json',
      line: 1,
      rule: 'ratchet',
      message: `${name} is ${now[name]}, at most ${bound[name]}: split what grew`,
    }));
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
