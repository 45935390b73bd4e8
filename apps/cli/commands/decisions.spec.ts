import type { PlacementView } from '@fairlead/wire/rest';
import { startScriptedHub, type ScriptedHub } from '@fairlead/testkit/scripted';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedIo } from '../recorded.ts';
import { run } from '../run.ts';

const done = { commit: 'c'.repeat(40), message: 'shop 1.2.0 enters staging' };
const commit = '9be03d17'.padEnd(40, '0');

let hub: ScriptedHub;
beforeEach(async () => {
  const answers = {
    promote: done,
    approve: done,
    rollback: done,
    hold: done,
    resume: done,
    acknowledge: done,
    removeCluster: done,
    freeze: done,
    thaw: done,
  };
  hub = await startScriptedHub({ ...answers, listPlacements: { items: [] } });
});
afterEach(() => hub.close());

async function ran(...words: string[]) {
  const env = { FAIRLEAD_SERVER: hub.url, FAIRLEAD_TOKEN: hub.token, FAIRLEAD_CA: hub.caPem };
  const world = recordedIo({ env });
  const code = await run(words, world);
  return { code, out: world.stdout(), err: world.stderr() };
}

const shop = { application: 'default/shop', environment: 'prod' };

test.each([
  ['promote shop --to prod', 'promotions', shop],
  [
    'promote web/shop --to prod --release sha256:1 --reason fix',
    'promotions',
    { application: 'web/shop', environment: 'prod', release: 'sha256:1', reason: 'fix' },
  ],
  ['approve shop -e prod', 'approvals', shop],
  ['approve shop -e prod --release 6.9.1 --reason fine', 'approvals', { ...shop, release: '6.9.1', reason: 'fine' }],
  ['rollback shop -e prod --reason slow', 'rollbacks', { ...shop, reason: 'slow' }],
  ['hold shop -e prod --reason incident', 'holds', { ...shop, reason: 'incident' }],
  ['resume shop -e prod', 'resumptions', shop],
  ['cluster freeze shop-1 --reason swap', 'freezes', { cluster: 'shop-1', reason: 'swap' }],
  [`acknowledge Removal ${commit}`, 'acknowledgements', { kind: 'Removal', subject: commit }],
  [
    'acknowledge Protected prod/web/podinfo /PersistentVolumeClaim/web/data',
    'acknowledgements',
    { kind: 'Protected', subject: 'prod/web/podinfo /PersistentVolumeClaim/web/data' },
  ],
])('%s', async (line, path, body) => {
  const { code, out } = await ran(...line.split(' '));
  expect(code).toBe(0);
  expect(out).toBe('shop 1.2.0 enters staging (ledger commit cccccccccccc)\n');
  expect(hub.requests.map((one) => [one.method, one.url.pathname, JSON.parse(one.body)])).toEqual([
    ['POST', `/api/v1/${path}`, body],
  ]);
});

test('a decision as data is the whole answer', async () => {
  expect(JSON.parse((await ran('hold', 'shop', '-e', 'prod', '--reason', 'x', '-o', 'json')).out)).toEqual(done);
});

test('a cluster is removed by its name', async () => {
  expect((await ran('cluster', 'remove', 'shop-1')).code).toBe(0);
  expect(hub.requests.map((one) => `${one.method} ${one.url.pathname}`)).toEqual(['DELETE /api/v1/clusters/shop-1']);
});

test('a cluster is thawed by its name', async () => {
  expect((await ran('cluster', 'thaw', 'shop-1')).code).toBe(0);
  expect(hub.requests.map((one) => `${one.method} ${one.url.pathname}`)).toEqual(['DELETE /api/v1/freezes/shop-1']);
});

test('a cluster is not removed withdrawn while something runs there', async () => {
  const placed: PlacementView = {
    cluster: 'shop-1',
    application: 'default/shop',
    environment: 'prod',
    sync: 'InSync',
    health: 'Healthy',
    drift: 'None',
    old: false,
    objects: 1,
    healthyObjects: 1,
    problems: [],
    reason: 'Current',
    message: '',
  };
  hub.answers.listPlacements = { items: [placed] };
  const { code, err } = await ran('cluster', 'remove', 'shop-1', '--withdraw');
  expect(code).toBe(1);
  expect(err).toContain('1 applications are there (default/shop)');
  hub.answers.listPlacements = { items: [] };
  expect((await ran('cluster', 'remove', 'shop-1', '--withdraw')).code).toBe(0);
  expect(hub.requests.map((one) => one.method)).toEqual(['GET', 'GET', 'DELETE']);
});
