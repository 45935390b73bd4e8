import { expect, test } from 'vitest';
import { asksOf } from './asks.ts';

const at = { application: 'web/shop', environment: 'prod', version: '2' };

test('only what makes sense is offered, and what takes something away wants a reason', () => {
  expect(asksOf({ hold: false, rollback: false }, at)).toEqual([]);
  const asks = asksOf({ resume: ['Halt'], hold: true, rollback: true }, at);
  expect(asks.map(({ verb, needsReason, look }) => [verb, needsReason, look])).toEqual([
    ['resume', false, 'main'],
    ['hold', true, 'plain'],
    ['rollback', true, 'danger'],
  ]);
});

test('an approval names the release that it is about', () => {
  const release = `sha256:${'ab'.repeat(32)}`;
  const [ask] = asksOf({ approve: { release, definition: 'c', sources: [] }, hold: false, rollback: false }, at);
  expect(ask).toMatchObject({ verb: 'approve', release });
  expect(ask?.text).toContain('abababababab');
});

test('a person who resumes is told of all that goes away, a hold beside a halt too', () => {
  const told = (...resume: ('Halt' | 'Hold')[]) => asksOf({ resume, hold: false, rollback: false }, at)[0]?.text;
  expect(told('Halt')).not.toContain('hold');
  expect(told('Halt', 'Hold')).toMatch(/^The rollout goes on .* The hold ends: .* It is a commit/);
});
