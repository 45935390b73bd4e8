import { expect, test } from 'vitest';
import { concernsOf } from './concerns.ts';

const line = (more: object) => ({
  id: '3',
  event: 'Entry',
  data: JSON.stringify({ id: 3, atMs: 1, type: 'Entry', reason: 'Entered', message: '', ...more }),
});
const decided = (applications: string[]) => ({
  id: undefined,
  event: 'Decided',
  data: JSON.stringify({ applications }),
});

test('a line of the journal concerns the application that it names', () => {
  expect(concernsOf(line({ application: 'web/shop', environment: 'prod' }))).toEqual({ applications: ['web/shop'] });
  expect(concernsOf(line({ cluster: 'edge-1' }))).toEqual({ applications: [] });
  expect(concernsOf(line({ environment: 'prod' }))).toEqual({ applications: 'All' });
});

test('a decision concerns the applications that it names, and all where it names none', () => {
  expect(concernsOf(decided(['web/shop', 'web/blog']))).toEqual({ applications: ['web/shop', 'web/blog'] });
  expect(concernsOf(decided([]))).toEqual({ applications: 'All' });
});

test('news of the fleet concern its summary, and tell at which commit it was read', () => {
  const fleet = (data: string) => concernsOf({ id: undefined, event: 'Fleet', data });
  expect(fleet('{"head":"c1"}')).toEqual({ applications: [], head: 'c1' });
  expect(fleet('{}')).toEqual({ applications: [] });
});

test('what cannot be read concerns nothing', () => {
  expect(concernsOf({ id: '1', event: 'Entry', data: 'no json' })).toBeUndefined();
});
