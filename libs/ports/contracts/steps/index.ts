import type { Steps } from '@fairlead/ports/steps';
import { expect, test } from 'vitest';

/** What must hold of whoever is told of steps: the work is as if nobody were. */
export function stepsContract(name: string, steps: Steps): void {
  test(`${name}: a step resolves as its work does`, async () => {
    expect(await steps.run('plan', async () => 7)).toBe(7);
    expect(await steps.run('plan', async () => 7, { quiet: true, attributes: { 'fairlead.commits': 1 } })).toBe(7);
  });

  test(`${name}: a step rejects as its work does, with the very same error`, async () => {
    const error = new Error('no');
    await expect(steps.run('plan', () => Promise.reject(error), { quiet: true })).rejects.toBe(error);
  });

  test(`${name}: steps may lie inside each other, and go on beside each other`, async () => {
    const inner = (value: number): Promise<number> => steps.run('render', async () => value);
    expect(await steps.run('plan', () => Promise.all([inner(1), inner(2)]))).toEqual([1, 2]);
  });

  test(`${name}: causes can be taken at any time, also where there were none`, async () => {
    const causes = steps.gather();
    expect(await steps.run('plan', async () => 1, { cause: causes.take() })).toBe(1);
    await steps.run('webhook', async () => causes.add());
    expect(await steps.run('plan', async () => 2, { cause: causes.take() })).toBe(2);
    expect(await steps.run('plan', async () => 3, { cause: causes.take() })).toBe(3);
  });
}
