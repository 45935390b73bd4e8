import type { ApplicationView, StepView } from '@fairlead/wire/rest';
import { expect, test } from 'vitest';
import { boardOf, withApplication } from './board.ts';

const step = (environment: string, more: Partial<StepView> = {}): StepView => ({
  environment,
  clusters: 2,
  inSync: 2,
  healthy: 2,
  rollout: 'Over',
  rejected: [],
  waitsFor: [],
  reason: 'RolledOut',
  message: 'It runs everywhere.',
  ...more,
});
const application = (name: string, ...pipeline: StepView[]): ApplicationView => ({
  application: name,
  team: name.split('/')[0] ?? '',
  sources: [],
  pipeline,
  problems: [],
});
const marksIn = (one: StepView) => boardOf([application('web/shop', one)]).rows[0]?.cells[0]?.marks;

test('applications are rows, environments columns, and a pipeline that does not go somewhere leaves a gap', () => {
  const { columns, rows } = boardOf([
    application('web/shop', step('dev', { version: '2' }), step('prod', { version: '1' })),
    application('base/log', step('dev')),
  ]);
  expect(columns).toEqual(['dev', 'prod']);
  expect(rows.map((row) => [row.application, ...row.cells.map((cell) => cell?.version ?? (cell && '-'))])).toEqual([
    ['base/log', '-', undefined],
    ['web/shop', '2', '1'],
  ]);
});

test('what waits for a person is marked with the sentence behind it', () => {
  const next = { reason: 'WaitsForApproval', message: '1 of 2 have approved.' };
  expect(marksIn(step('prod', { next, waitsFor: ['approval'] }))).toEqual([
    { text: 'Needs approval', tone: 'busy', why: '1 of 2 have approved.' },
  ]);
});

test('a halt and a hold are marked, with who holds it and why', () => {
  const halted = { attempt: 'a', reason: 'FailureBudgetSpent' };
  const hold = { by: 'ada', reason: 'incident 4711' };
  const marks = marksIn(step('prod', { halted, hold, rollout: 'Halted', message: 'one failed' }));
  expect(marks).toEqual([
    { text: 'Halted', tone: 'bad', why: 'one failed' },
    { text: 'On hold', tone: 'busy', why: 'ada: incident 4711' },
  ]);
});

test('a halt that the ledger does not have yet is marked too', () => {
  expect(marksIn(step('prod', { rollout: 'Halted' }))?.map(({ text }) => text)).toEqual(['Halted']);
});

test('problems of an application and of its sources stand in its row', () => {
  const broken = {
    ...application('web/shop'),
    sources: [{ name: 'main', url: 'u', problem: { reason: 'SourceNotFound', message: 'There is no such branch.' } }],
    problems: [{ reason: 'TeamForbids', message: 'The team may not.' }],
  };
  expect(boardOf([broken]).rows[0]?.problems).toEqual(['The team may not.', 'There is no such branch.']);
});

test('one application takes the place of what was known of it, comes anew, or goes', () => {
  const list = [application('web/shop', step('dev', { version: '1' })), application('web/blog')];
  const newer = application('web/shop', step('dev', { version: '2' }));
  expect(withApplication(list, { name: 'web/shop', view: newer })).toEqual([list[1], newer]);
  expect(withApplication(list, { name: 'web/shop', view: undefined })).toEqual([list[1]]);
});
