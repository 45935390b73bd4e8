import { countOf, type CountOrPercent } from '@fairlead/core/model';

/** How many of `total` objects a bound lets go: a share is rounded down, and at least 1 unless it is 0. */
export function allowanceOf(limit: CountOrPercent, total: number): number {
  const isNothing = limit === 0 || limit === '0%';
  return countOf(limit, { total, atLeast: isNothing ? 0 : 1 });
}
