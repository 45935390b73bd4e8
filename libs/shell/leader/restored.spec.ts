import type { ClusterName, Digest } from '@fairlead/core/model';
import { memoryBus } from '@fairlead/ports/bus';
import { memoryStore } from '@fairlead/ports/store';
import { startRelay } from '@fairlead/shell/outbox';
import { systemClock } from '@fairlead/ports/clock';
import { expect, test } from 'vitest';
import { onRestored, tellRestored } from './restored.ts';

test('everybody hears once that the store was set back, and what was found in sources is forgotten', async () => {
  const [store, bus] = [memoryStore(), memoryBus()];
  const onError = (error: unknown): void => {
    throw error;
  };
  const relay = startRelay({ store, bus, clock: systemClock, onError });
  let heard = 0;
  const stop = onRestored({ store, bus, onError }, () => void (heard += 1));
  const fence = (await store.lead({ holder: 'a', ttlMs: 60_000 })) ?? 0;
  await store.write([{ put: 'fact', key: 'source:web', value: { revision: 'of yesterday' } }]);
  const cluster = 'shop' as ClusterName;
  await store.raiseSession(cluster, { agentVersion: '1', kubernetesVersion: '', nowMs: 1, gateway: 'gateway-1' });
  await store.write([{ put: 'contact', row: { cluster, statusDigest: `sha256:${'ab'.repeat(32)}` as Digest } }]);
  await tellRestored(store, fence);
  await relay.settled();
  await bus.settled();
  expect(heard).toBe(1);
  expect((await store.facts('source:')).size).toBe(0);
  expect(await store.cluster(cluster)).not.toHaveProperty('statusDigest');
  bus.lose();
  await bus.settled();
  expect(heard).toBe(1);
  stop();
  await relay.stop();
});

test('a bell that was lost is made good', async () => {
  const [store, bus] = [memoryStore(), memoryBus()];
  const told = Promise.withResolvers<void>();
  onRestored({ store, bus, onError: told.reject }, () => told.resolve());
  await Promise.resolve();
  const fence = (await store.lead({ holder: 'a', ttlMs: 60_000 })) ?? 0;
  await tellRestored(store, fence);
  bus.lose();
  await told.promise;
  expect(await store.fact('restored')).toBeDefined();
});
