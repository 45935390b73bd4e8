import { expect, test } from 'vitest';
import { openGates, waitsOf } from './waits.ts';

const next = (reason: string) => ({ reason, message: '' });

test('approval and pause wait for people, and other gates do not', () => {
  expect(waitsOf({ next: next('WindowShut'), waitsFor: ['window', 'approval', 'pause'] })).toEqual([
    'Approval',
    'Resume',
  ]);
  expect(waitsOf({ next: next('WaitsForGate'), waitsFor: ['soak'] })).toEqual([]);
});

test('nobody is asked about a release that stays out, or is in', () => {
  for (const reason of ['Rejected', 'RolledBack', 'NewestAlready'])
    expect(waitsOf({ next: next(reason), waitsFor: ['approval'] })).toEqual([]);
  expect(waitsOf({ waitsFor: ['approval'] })).toEqual([]);
});

test('where a pull request asks, the merge is what is waited for', () => {
  expect(waitsOf({ next: next('WaitsForMerge'), waitsFor: ['approval'] })).toEqual(['Merge']);
});

test('a gate is open until it passes', () => {
  const gate = (name: string, verdict: 'Pass' | 'Wait' | 'Unknown') => ({ gate: name, verdict, ...next('') });
  expect(openGates({ gates: [gate('soak', 'Pass'), gate('approval', 'Wait'), gate('check', 'Unknown')] })).toEqual([
    'approval',
    'check',
  ]);
});
