import { expect, test, vi } from 'vitest';
import { usual, type Bench, type BenchOptions } from '../bench.ts';
import { apply } from '../benches/apply.ts';
import { drift } from '../benches/drift.ts';
import { memory } from '../benches/memory.ts';
import { noop } from '../benches/noop.ts';
import type { Figure } from '../figure.ts';
import { usualScenario } from '../scenario.ts';

vi.setConfig({ testTimeout: 180_000 });

/** As little as tells whether it is counted right; what it took is no concern of a test. */
const little: BenchOptions = {
  ...usual,
  sizes: [20],
  rounds: 1,
  processes: 1,
  agentProfile: undefined,
  hubProfile: undefined,
  simulatorProfile: undefined,
  seed: 1,
  scenario: usualScenario,
  tell: () => undefined,
};

async function figuresOf(bench: Bench): Promise<Record<string, Figure>> {
  const figures: Record<string, Figure> = {};
  for await (const figure of bench.run(little)) figures[figure.name] = figure;
  return figures;
}

test('a first install and a change of everything are measured for the agent, a raw client and kubectl alike', async () => {
  const { 'apply.install': install, 'apply.change': change } = await figuresOf(apply);
  for (const figure of [install, change]) {
    expect(figure).toMatchObject({ objects: 20, n: 1, paired: { least: 0.85 } });
    expect(figure?.value).toBeGreaterThan(0);
    expect(figure?.paired?.ratio).toBeCloseTo((figure?.value ?? 0) / (figure?.paired?.ceiling ?? 1));
    expect(figure?.details).toHaveProperty('timesKubectl');
  }
});

test('a pass in which nothing differs makes no call, and a change of one object one write', async () => {
  const figures = await figuresOf(noop);
  expect(figures['noop.calls']).toMatchObject({ value: 0, n: 5 });
  expect(figures['noop.changed']).toMatchObject({ value: 1, n: 5 });
  expect(figures['noop.secrets']?.value).toBeLessThanOrEqual(3);
  expect(figures['noop.secrets']?.value).toBeGreaterThan(0);
});

test('what another hand deletes and edits is put right, also while much else is applied', async () => {
  const figures = await figuresOf(drift);
  expect(figures['drift']).toMatchObject({ objects: 20, n: 20 });
  expect(figures['drift.busy']?.details).toEqual({ objectsAppliedMeanwhile: 200 });
});

test('the memory of an agent is read beside that of a Node that does nothing', async () => {
  const { memory: figure } = await figuresOf(memory);
  expect(figure?.value).toBeGreaterThan(figure?.peer?.value ?? Number.NaN);
});
