import type { ApplicationView } from '@fairlead/wire/rest';
import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Client } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';
import { keys } from './keys.ts';
import { refresherOf } from './refresh.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'warn').mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const application = (name: string): ApplicationView => ({
  application: name,
  team: 'web',
  sources: [],
  pipeline: [],
  problems: [],
});
const tooMany = new Refusal('Too many calls.', { status: 429, reason: 'RateLimited' });

/** A page that shows answers under these keys; what was read of them and of single applications, in order. */
async function pageOf(shown: Readonly<Record<string, readonly string[]>>) {
  const kept = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
  const asked: string[] = [];
  const failures: Refusal[] = [];
  const answer = <Value>(what: string, value: Value): Value => {
    asked.push(what);
    const failure = failures.shift();
    if (failure) throw failure;
    return value;
  };
  const client = {
    call: async (_name: string, { path }: { path: { name: string } }) =>
      answer(path.name, application(`web/${path.name}`)),
  };
  const refresher = refresherOf(client as unknown as Client, kept);
  for (const [what, queryKey] of Object.entries(shown)) {
    const data = what === 'list' ? [application('web/shop')] : {};
    const queryFn = async (): Promise<unknown> => answer(what, data);
    new QueryObserver<unknown>(kept, { queryKey, queryFn }).subscribe(() => undefined);
  }
  await vi.advanceTimersByTimeAsync(10);
  asked.length = 0;
  return { refresher, kept, asked, failures };
}

const board = { fleet: keys.fleet, list: keys.applications };
const rollout = { rollout: keys.rollout('web/shop', 'prod') };

test('where no board is shown, a fleet at another commit is read anew all the same, and once', async () => {
  const { refresher, asked } = await pageOf(rollout);
  refresher.concerns({ applications: [], head: 'c1' });
  await vi.runAllTimersAsync();
  expect(asked).toEqual(['rollout']);
  refresher.concerns({ applications: [], head: 'c1' });
  await vi.runAllTimersAsync();
  expect(asked).toEqual(['rollout']);
  refresher.concerns({ applications: [], head: 'c2' });
  await vi.runAllTimersAsync();
  expect(asked).toEqual(['rollout', 'rollout']);
});

test('a hub that answered before it had read the fleet is asked again when it has, be it at the same commit', async () => {
  const { refresher, asked } = await pageOf(rollout);
  refresher.concerns({ applications: [], head: 'c1' });
  await vi.runAllTimersAsync();
  refresher.all();
  await vi.runAllTimersAsync();
  expect(asked).toEqual(['rollout', 'rollout']);
  refresher.concerns({ applications: [], head: 'c1' });
  await vi.runAllTimersAsync();
  expect(asked).toEqual(['rollout', 'rollout', 'rollout']);
});

test('a decision reads the row that it names, and nothing of an application that is not shown', async () => {
  const { refresher, asked } = await pageOf(board);
  refresher.concerns({ applications: ['web/shop'] });
  await vi.runAllTimersAsync();
  expect(asked.toSorted()).toEqual(['fleet', 'shop']);
});

test('on the page of a rollout other applications are not read, and the board is when it is shown again', async () => {
  const { refresher, kept, asked } = await pageOf(rollout);
  kept.setQueryData(keys.applications, []);
  refresher.concerns({ applications: ['web/blog'] });
  await vi.runAllTimersAsync();
  expect(asked).toEqual([]);
  expect(kept.getQueryState(keys.applications)?.isInvalidated).toBe(true);
});

test('a hundred applications that move for a minute cost few calls', async () => {
  const { refresher, asked } = await pageOf({ ...board, ...rollout });
  for (let ms = 0; ms < 60_000; ms += 10) {
    refresher.concerns({ applications: [`web/app-${(ms / 10) % 100}`] });
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(asked.length).toBeLessThan(150);
  expect(asked).toContain('list');
});

test('a row that cannot be read now is read again until it can be', async () => {
  const { refresher, asked, failures } = await pageOf({ list: keys.applications });
  failures.push(tooMany);
  refresher.concerns({ applications: ['web/shop', 'web/blog'] });
  await vi.runAllTimersAsync();
  expect(asked).toEqual(['shop', 'blog', 'shop']);
});

test('an answer whose reading failed while the watch stands is read again, with growing pauses', async () => {
  const { refresher, kept, asked, failures } = await pageOf(rollout);
  failures.push(tooMany, tooMany, tooMany);
  refresher.concerns({ applications: ['web/shop'] });
  await vi.advanceTimersByTimeAsync(10);
  expect(kept.getQueryState(rollout.rollout)?.error).toBe(tooMany);
  await vi.runAllTimersAsync();
  expect(kept.getQueryState(rollout.rollout)?.error).toBe(null);
  expect(asked).toHaveLength(4);
});

test('a refusal that would be the same again is not asked for again', async () => {
  const { refresher, asked, failures } = await pageOf(rollout);
  failures.push(new Refusal('No.', { status: 403, reason: 'PermissionDenied' }));
  refresher.all();
  await vi.runAllTimersAsync();
  expect(asked).toEqual(['rollout']);
});
