import { randomInt } from 'node:crypto';
import { relative } from 'node:path';
import { expect } from 'vitest';

/** How many times the usual number of runs: `FAIRLEAD_RUNS=50` makes a long run of each property. */
const times = numberFrom('FAIRLEAD_RUNS', 1);

/** For how long a property may run, however many cases it was told to try and however busy the machine is. */
export const patienceMs = 300_000 * Math.max(1, times);

/**
 * The seed and the number of runs of the property that the running test holds, as fast-check takes them. Says both, with the
 * command that tries the same cases again; the seed is by chance unless `FAIRLEAD_SEED` gives one.
 */
export function seeded(runs: number): { readonly seed: number; readonly numRuns: number } {
  const seed = numberFrom('FAIRLEAD_SEED', randomInt(2 ** 31));
  const numRuns = Math.max(1, Math.round(runs * times));
  const { currentTestName = 'property', testPath = '' } = expect.getState();
  const name = currentTestName.split(' > ').at(-1) ?? currentTestName;
  console.log(`${name}: seed ${seed}, runs ${numRuns}; again: ${againOf({ seed, name, path: testPath })}`);
  return { seed, numRuns };
}

function againOf({ seed, name, path }: { seed: number; name: string; path: string }): string {
  const longer = times === 1 ? '' : ` FAIRLEAD_RUNS=${times}`;
  const pattern = name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '.').replaceAll("'", '.');
  return `FAIRLEAD_SEED=${seed}${longer} npx vitest run ${relative(process.cwd(), path)} -t '${pattern}'`;
}

function numberFrom(variable: string, otherwise: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return otherwise;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error(`${variable} is ${text}; give it a number`);
  return number;
}
