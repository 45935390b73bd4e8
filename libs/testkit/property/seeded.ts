import { createHash, randomInt } from 'node:crypto';
import { relative } from 'node:path';
import { expect } from 'vitest';

/** How many times the usual number of runs: `FAIRLEAD_RUNS=50` makes a long run of each property. */
const timesAsked = (): number => numberFrom('FAIRLEAD_RUNS', 1);

/** For how long a property may run, however many cases it was told to try and however busy the machine is. */
export const patienceMs = 300_000 * Math.max(1, timesAsked());

/**
 * The seed and the number of runs of the property that the running test holds, as fast-check takes them. Says both, with the
 * command that tries the same cases again. The usual run tries the same cases each time, so that what breaks it is a change;
 * a long one (`FAIRLEAD_RUNS`) tries new ones. `FAIRLEAD_SEED` gives either a seed.
 */
export function seeded(runs: number): { readonly seed: number; readonly numRuns: number } {
  const times = timesAsked();
  const numRuns = Math.max(1, Math.round(runs * times));
  const { currentTestName = 'property', testPath = '' } = expect.getState();
  const name = currentTestName.split(' > ').at(-1) ?? currentTestName;
  const seed = numberFrom('FAIRLEAD_SEED', times > 1 ? randomInt(2 ** 31) : usualSeed(name));
  console.log(`${name}: seed ${seed}, runs ${numRuns}; again: ${againOf({ seed, times, name, path: testPath })}`);
  return { seed, numRuns };
}

/** Another one for each property. */
function usualSeed(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE() >>> 1;
}

function againOf({ seed, times, name, path }: { seed: number; times: number; name: string; path: string }): string {
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
