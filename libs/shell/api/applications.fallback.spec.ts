import type { ApplicationId } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import { getApplication } from './applications.ts';
import { portsOver } from './ports.fixture.ts';

const git = { git: { url: 'https://git.example.com/shop' } };

async function fallback(file: { digest: string; fallback?: string }): Promise<string | undefined> {
  const fleet = {
    documents: {
      applications: new Map([['web/shop', { spec: { source: git, pipeline: [{ environment: 'prod' }] } }]]),
      held: new Map(),
    },
    ledger: { releases: new Map([['prod/web/shop', { spec: { version: '2', ...file } }]]) },
    placement: { applications: new Map() },
    named: new Map([['prod/web/shop', [{ commit: 'c1', digest: 'one' }]]]),
    problems: [],
  };
  return (await getApplication(portsOver(fleet), 'web/shop' as ApplicationId)).pipeline[0]?.fallback;
}

test('a step names the commit that a rollback leads to, and none where that one is in force', async () => {
  expect(await fallback({ digest: 'two', fallback: 'c1' })).toBe('c1');
  expect(await fallback({ digest: 'two', fallback: 'long-ago' })).toBe('long-ago');
  expect(await fallback({ digest: 'one', fallback: 'c1' })).toBeUndefined();
  expect(await fallback({ digest: 'one' })).toBeUndefined();
});
