import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readScenario, usualScenario } from './scenario.ts';

test('the scenario that is included has stages of 20, 30 and 50 percent, half of each at a time', async () => {
  expect(await readScenario(usualScenario)).toEqual([20, 30, 50].map((percent) => ({ percent, maxConcurrent: '50%' })));
});

test.each([
  ['waves: []', /waves/],
  ['waves: [{ percent: 20, maxConcurrent: 50% }]', /must be 100 percent together/],
  ['waves: [{ percent: 100, maxConcurrent: 0% }]', /is no percentage from 1% to 100%/],
])('a file that says %s is refused by its name', async (text, why) => {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-scenario-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'own.yaml');
  await writeFile(file, text);
  await expect(readScenario(file)).rejects.toThrow(`Cannot use the scenario ${file}`);
  await expect(readScenario(file)).rejects.toThrow(why);
});
