import type { RolloutView } from '@fairlead/wire/rest';
import { expect, test } from 'vitest';
import { actionsOf, candidateOf } from './actions.ts';

const why = { reason: 'RolledOut', message: '' };
const rollout = (more: Partial<RolloutView> = {}): RolloutView => ({
  application: 'web/shop',
  environment: 'prod',
  state: 'Over',
  waves: [],
  clusters: [],
  gates: [],
  ...why,
  ...more,
});
const running = { version: '1', release: 'sha256:aa', attempt: 'c1' };
const atTheDoor = (gate: string) => ({
  candidate: 'sha256:bb c2 main=r2',
  gates: [{ gate, verdict: 'Wait' as const, ...why }],
  next: { reason: 'WaitsForGate', message: '' },
});

test('an empty environment offers nothing', () => {
  expect(actionsOf({ rollout: rollout(), step: undefined, history: [] })).toEqual({ hold: false, rollback: false });
});

test('the candidate at the door is approved by the digest of its release', () => {
  const { approve } = actionsOf({ rollout: rollout(atTheDoor('approval')), step: {}, history: [] });
  expect(approve).toEqual({ release: 'sha256:bb', definition: 'c2', sources: ['main=r2'] });
  expect(candidateOf('sha256:cc c3')).toEqual({ release: 'sha256:cc', definition: 'c3', sources: [] });
});

test('a halt is resumed before a hold, and a hold before a pause', () => {
  const paused = rollout({ ...running, ...atTheDoor('pause') });
  const hold = { by: 'ada', reason: 'r' };
  const of = (step: object) => actionsOf({ rollout: paused, step, history: [] }).resume;
  expect(of({ hold, halted: { attempt: 'c1', reason: 'FailureBudgetSpent' } })).toBe('Halt');
  expect(of({ hold })).toBe('Hold');
  expect(of({})).toBe('Pause');
  expect(actionsOf({ rollout: rollout(running), step: {}, history: [] }).resume).toBeUndefined();
});

test('what is held is not held again', () => {
  const held = { hold: { by: 'ada', reason: 'r' } };
  expect(actionsOf({ rollout: rollout(running), step: {}, history: [] }).hold).toBe(true);
  expect(actionsOf({ rollout: rollout(running), step: held, history: [] }).hold).toBe(false);
});

test('there is a way back where another release was there before, and not twice', () => {
  const before = { action: 'Promote', release: 'sha256:00' };
  const now = { action: 'Promote', release: 'sha256:aa' };
  const of = (history: { action: string; release: string }[]) =>
    actionsOf({ rollout: rollout(running), step: {}, history }).rollback;
  expect(of([now])).toBe(false);
  expect(of([now, before])).toBe(true);
  expect(of([{ ...now, action: 'Rollback' }, before])).toBe(false);
});
