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
  expect(actionsOf({ rollout: rollout(), step: undefined })).toEqual({ hold: false, rollback: false });
});

test('the candidate at the door is approved by the digest of its release', () => {
  const { approve } = actionsOf({ rollout: rollout(atTheDoor('approval')), step: {} });
  expect(approve).toEqual({ release: 'sha256:bb', definition: 'c2', sources: ['main=r2'] });
  expect(candidateOf('sha256:cc c3')).toEqual({ release: 'sha256:cc', definition: 'c3', sources: [] });
});

test('a halt and a hold are resumed together, and a pause where there is neither', () => {
  const paused = rollout({ ...running, ...atTheDoor('pause') });
  const hold = { by: 'ada', reason: 'r' };
  const halted = { attempt: 'c1', reason: 'FailureBudgetSpent' };
  const of = (step: object) => actionsOf({ rollout: paused, step }).resume;
  expect(of({ hold, halted })).toEqual(['Halt', 'Hold']);
  expect(of({ halted })).toEqual(['Halt']);
  expect(of({ hold })).toEqual(['Hold']);
  expect(of({})).toEqual(['Pause']);
  expect(actionsOf({ rollout: rollout(running), step: {} }).resume).toBeUndefined();
});

test('what is held is not held again', () => {
  const held = { hold: { by: 'ada', reason: 'r' } };
  expect(actionsOf({ rollout: rollout(running), step: {} }).hold).toBe(true);
  expect(actionsOf({ rollout: rollout(running), step: held }).hold).toBe(false);
});

test('there is a way back where the ledger names one, and something that runs', () => {
  const of = (step: object) => actionsOf({ rollout: rollout(running), step }).rollback;
  expect(of({})).toBe(false);
  expect(of({ fallback: 'c0' })).toBe(true);
  expect(actionsOf({ rollout: rollout(), step: { fallback: 'c0' } }).rollback).toBe(false);
});
