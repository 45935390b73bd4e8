import { manualClock } from '@fairlead/ports/clock';
import { expect, test } from 'vitest';
import { createPace } from '../pace.ts';
import { behind } from './behind.ts';

/** Calls that end when the test says so, in the order in which they began. */
function calls() {
  const begun: { readonly name: string; readonly end: () => void }[] = [];
  const call = (name: string) => (): Promise<void> => new Promise((end) => void begun.push({ name, end }));
  return { begun, call, names: () => begun.map(({ name }) => name) };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a call of an answer waits until the bulk work that was there has begun, and corrections pass it', async () => {
  const pace = createPace(manualClock());
  const { begun, call, names } = calls();
  const work = Array.from({ length: pace.limit + 2 }, (_, nth) => pace.run('bulk', call(`bulk-${nth}`)));
  const answer = behind(pace).run('bulk', call('answer'));
  const correction = pace.run('correction', call('correction'));
  await settle();
  expect(names()).not.toContain('answer');
  expect(names()).toContain('correction');
  for (let nth = 0; nth < begun.length; nth += 1) {
    begun[nth]?.end();
    await settle();
  }
  await Promise.all([...work, correction, answer]);
  expect(names().at(-1)).toBe('answer');
});

test('all answers together have two calls under way, whatever the API server would take, also after a failure', async () => {
  const { begun, call, names } = calls();
  const answers = behind(createPace(manualClock()));
  const failed = answers.run('bulk', () => Promise.reject(new Error('on purpose')));
  await expect(failed).rejects.toThrow('on purpose');
  const work = ['a', 'b', 'c', 'd'].map((name) => answers.run('bulk', call(name)));
  await settle();
  expect(names()).toEqual(['a', 'b']);
  for (let nth = 0; nth < 4; nth += 1) {
    begun[nth]?.end();
    await settle();
    expect(begun.length).toBe(Math.min(4, nth + 3));
  }
  await Promise.all(work);
});
