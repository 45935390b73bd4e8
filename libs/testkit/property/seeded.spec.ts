import { afterEach, expect, it, vi } from 'vitest';
import { seeded } from './index.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it('takes the seed that it is given, and says how to try the same cases again (once)', () => {
  vi.stubEnv('FAIRLEAD_SEED', '42');
  const said = vi.spyOn(console, 'log').mockReturnValue();
  expect(seeded(100)).toMatchObject({ seed: 42 });
  expect(said.mock.calls).toEqual([
    [expect.stringContaining('npx vitest run libs/testkit/property/seeded.spec.ts -t ')],
  ]);
  expect(said.mock.calls[0]?.[0]).toMatch(/^takes the seed .*: seed 42, runs \d+; again: FAIRLEAD_SEED=42 /);
});

it.each([
  ['the same seed each time in the usual run', '', 1],
  ['a seed by chance in a long one', '50', 3],
])('takes %s', (_what, runs, seeds) => {
  vi.stubEnv('FAIRLEAD_SEED', '');
  vi.stubEnv('FAIRLEAD_RUNS', runs);
  vi.spyOn(console, 'log').mockReturnValue();
  expect(new Set([1, 2, 3].map(() => seeded(1).seed)).size).toBe(seeds);
});

it('refuses a seed that is no number', () => {
  vi.stubEnv('FAIRLEAD_SEED', 'yesterday');
  expect(() => seeded(1)).toThrow('FAIRLEAD_SEED is yesterday; give it a number');
});
