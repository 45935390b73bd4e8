import type { EventView } from '@fairlead/wire/rest';
import { startScriptedHub, type ScriptedHub } from '@fairlead/testkit/scripted';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedIo } from '../recorded.ts';
import { run } from '../run.ts';

function event(id: number, more: Partial<EventView> = {}): EventView {
  const atMs = Date.UTC(2026, 10, 22, 12, 0, id);
  return {
    id,
    atMs,
    type: 'Promoted',
    application: 'default/shop',
    environment: 'dev',
    reason: 'Entered',
    message: `n ${id}`,
    ...more,
  };
}

let hub: ScriptedHub;
beforeEach(async () => {
  hub = await startScriptedHub();
});
afterEach(() => hub.close());

function world(nowMs = 0) {
  return recordedIo({ env: { FAIRLEAD_SERVER: hub.url, FAIRLEAD_TOKEN: hub.token, FAIRLEAD_CA: hub.caPem }, nowMs });
}

test('events are told oldest first, and followed from there until Ctrl-C', async () => {
  hub.answers.listEvents = { items: [event(2), event(1)] };
  hub.answers.watch = [event(3, { application: 'default/other' }), event(4)];
  const io = world();
  const running = run(['events', '--follow', '-a', 'shop'], io);
  await io.printed('n 4');
  io.interrupt();
  expect(await running).toBe(0);
  expect(io.stdout().split('\n')).toEqual([
    '12:00:01.000 Promoted default/shop dev n 1 (Entered)',
    '12:00:02.000 Promoted default/shop dev n 2 (Entered)',
    '12:00:04.000 Promoted default/shop dev n 4 (Entered)',
    '',
  ]);
  expect(hub.requests.at(-1)?.headers['last-event-id']).toBe('2');
});

test('events as json are a line each', async () => {
  hub.answers.listEvents = { items: [event(2), event(1)] };
  const io = world();
  await run(['events', '-o', 'json'], io);
  expect(
    io
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([event(1), event(2)]);
});

test('drift shows which field, wanted, found, and the other manager', async () => {
  hub.answers.listDrift = {
    items: [
      {
        atMs: 1_000,
        cluster: 'shop-1',
        application: 'default/shop',
        object: 'apps/Deployment/shop/shop',
        kind: 'Changed',
        pointer: '/spec/replicas',
        wanted: '3',
        found: '9',
        manager: 'kubectl-edit',
        operation: 'Update',
        outcome: 'Corrected',
        tookMs: 12.4,
      },
    ],
  };
  const io = world(61_000);
  await run(['drift', '-c', 'shop-1', '--application', 'shop'], io);
  expect(io.stdout().split('\n')[1]?.split(/ {2,}/)).toEqual([
    '1m',
    'shop-1',
    'default/shop',
    'apps/Deployment/shop/shop',
    'Changed',
    '/spec/replicas',
    '3',
    '9',
    'kubectl-edit (Update)',
    'Corrected',
    '12 ms',
  ]);
  expect(hub.requests[0]?.url.search).toBe('?cluster=shop-1&application=default%2Fshop&limit=50');
});

test('history shows commits and decisions', async () => {
  hub.answers.listReleases = {
    items: [
      {
        application: 'default/shop',
        environment: 'prod',
        commit: 'd'.repeat(40),
        timeMs: Date.UTC(2026, 10, 22, 12),
        author: 'ada',
        action: 'Promotion',
        version: '1.1.0',
        message: 'Promote default/shop 1.1.0 to prod\n\nFairlead-From: staging',
        trailers: [['Fairlead-From', 'staging']],
      },
    ],
  };
  const io = world();
  await run(['history', 'shop', '-o', 'wide'], io);
  const [, line = ''] = io.stdout().split('\n');
  expect(line).toMatch(
    /^2026-11-22 12:00:00 +prod +Promotion +1\.1\.0 +d{12} +ada +- +Fairlead-From: staging +Promote default\/shop 1\.1\.0 to prod$/,
  );
});
