import type { ApplicationId, CommitSha, Digest } from '@fairlead/core/model';
import { manualClock } from '@fairlead/ports/clock';
import { fakeCluster } from '@fairlead/ports/cluster';
import { expect, test } from 'vitest';
import { silentLog } from '../log.ts';
import { listState, openSecretMap } from '../state/secretMap.ts';
import { openInventory, type InventoryFacts } from './inventory.ts';

const namespace = 'default';
const digest = `sha256:${'2'.repeat(64)}` as Digest;
const facts: InventoryFacts = {
  application: 'web/shop' as ApplicationId,
  serviceAccount: 'fairlead-applier',
  namespace: 'shop',
  release: digest,
  bundle: digest,
  attempt: '1'.repeat(40) as CommitSha,
};
const keyOf = (number: number) => ({ group: '', kind: 'ConfigMap', namespace: 'shop', name: `item-${number}` });

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function begin() {
  const clock = manualClock();
  const cluster = fakeCluster();
  const warnings: string[] = [];
  let writes = 0;
  cluster.intercept(({ verb }) => void (writes += Number(verb === 'create' || verb === 'replace')));
  const open = async () => {
    const found = await listState({ cluster, namespace });
    const map = await openSecretMap({ cluster, namespace, name: 'inventory', holder: 'a', log: silentLog, found });
    return openInventory(map, { clock, log: { ...silentLog, warn: (event) => void warnings.push(event) } });
  };
  return { clock, warnings, cluster, inventory: await open(), reopened: open, writes: () => writes };
}

test('marks are written in batches, also those that come while one is being written', async () => {
  const { inventory, reopened, writes } = await begin();
  await inventory.intend(
    Array.from({ length: 2_000 }, (_, number) => keyOf(number)),
    facts,
  );
  const before = writes();
  for (let number = 0; number < 2_000; number += 1) {
    inventory.mark({ key: keyOf(number), uid: `uid-${number}`, origin: 'Created' });
    // As many answers come while a batch is written as the turns of the loop that it takes.
    await turn();
  }
  await inventory.flush();
  expect(writes() - before).toBeLessThanOrEqual(6);
  expect([...(await reopened()).entries()].filter(({ uid }) => uid !== undefined)).toHaveLength(2_000);
});

test('what could not be written is tried again after a while, not at once', async () => {
  const { clock, warnings, cluster, inventory, reopened, writes } = await begin();
  const heal = cluster.intercept(({ verb }) => {
    if (verb === 'create' || verb === 'replace') throw new Error('the API server is away');
  });
  for (let number = 0; number < 600; number += 1) inventory.mark({ key: keyOf(number), uid: 'u', origin: 'Created' });
  await expect.poll(() => warnings.length).toBe(1);
  for (let turns = 0; turns < 100; turns += 1) await turn();
  const failed = writes();
  heal();
  clock.advance(1_000);
  await expect.poll(async () => [...(await reopened()).entries()].length).toBe(600);
  expect(failed).toBe(1);
});
