import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WaveShape } from '@fairlead/testkit/simulator';
import { load } from 'js-yaml';
import { z } from 'zod';

/** What a rollout is measured by unless another file is named. */
export const usualScenario = join(import.meta.dirname, 'scenarios/stages-20-30-50.yaml');

const scenario = z.strictObject({
  waves: z
    .array(
      z.strictObject({
        percent: z.int().min(1).max(100),
        maxConcurrent: z.string().regex(/^([1-9]\d?|100)%$/, 'is no percentage from 1% to 100%'),
      }),
    )
    .min(1)
    .refine((waves) => waves.reduce((sum, { percent }) => sum + percent, 0) === 100, 'must be 100 percent together'),
});

/** Reads the waves of a scenario file. Throws an `Error` that names file and field. */
export async function readScenario(file: string): Promise<readonly WaveShape[]> {
  const parsed = scenario.safeParse(load(await readFile(file, 'utf8')));
  if (parsed.success) return parsed.data.waves;
  throw new Error(`Cannot use the scenario ${file}: ${z.prettifyError(parsed.error)}`);
}
