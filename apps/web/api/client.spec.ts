import { routes } from '@fairlead/wire/rest';
import { expect, test } from 'vitest';
import { addressOf } from './client.ts';
import { refusalOf } from './refusal.ts';

test('names go into the address as they are, and what is not asked for stays out of it', () => {
  expect(addressOf(routes.getApplication, { path: { team: 'web', name: 'a/b' } })).toBe(
    '/api/v1/applications/web/a%2Fb',
  );
  expect(addressOf(routes.listRollouts, { query: { application: 'web/shop', environment: undefined } })).toBe(
    '/api/v1/rollouts?application=web%2Fshop',
  );
});

test('a problem is told by its sentence and its reason', () => {
  const problem = {
    type: 't',
    title: 'x',
    status: 403,
    detail: 'Cannot approve 1: ada wrote it.',
    code: 'PermissionDenied',
    reason: 'MayNotApprove',
  };
  expect(refusalOf({ status: 403, text: JSON.stringify(problem) })).toMatchObject({
    message: 'Cannot approve 1: ada wrote it.',
    reason: 'MayNotApprove',
    status: 403,
  });
});

test('an answer that no hub gives is told with its status', () => {
  expect(refusalOf({ status: 502, text: '<html>Bad gateway</html>' }).message).toContain('502');
});
