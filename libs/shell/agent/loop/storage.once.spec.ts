import { FairleadError } from '@fairlead/core/model';
import { manualClock } from '@fairlead/ports/clock';
import { fakeCluster } from '@fairlead/ports/cluster';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.ts';
import { StorageClasses } from './storage.ts';

async function server() {
  const cluster = fakeCluster();
  const clock = manualClock();
  const make = (name: string, more: object = {}) =>
    cluster.create(
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: { name },
        provisioner: 'example.dev/disk',
        ...more,
      },
      { identity: { as: 'self' } },
    );
  await make('waits', { volumeBindingMode: 'WaitForFirstConsumer' });
  await make('at-once');
  const reads = () => cluster.calls.filter(({ verb }) => verb === 'get').length;
  return { cluster, clock, make, reads, classes: new StorageClasses({ cluster, clock, log: silentLog }) };
}

describe('the binding mode of a storage class', () => {
  it('is read once, for all who ask', async () => {
    const { classes, reads } = await server();
    expect(classes.modeOf('waits')).toBeUndefined();
    expect(await Promise.all([classes.learn('waits'), classes.learn('waits')])).toEqual([true, true]);
    await classes.learn('at-once');
    expect(['waits', 'at-once'].map((name) => classes.modeOf(name))).toEqual(['WaitForFirstConsumer', 'Immediate']);
    expect(reads()).toBe(2);
  });

  it('that cannot be read is asked for again after a minute', async () => {
    const { cluster, clock, classes, make, reads } = await server();
    const stop = cluster.intercept(({ verb }) => {
      if (verb === 'get') throw new FairleadError('Cannot', { code: 'Unavailable', reason: 'ApiServerUnreachable' });
    });
    expect(await classes.learn('late')).toBe(false);
    stop();
    await make('late');
    expect(await classes.learn('late')).toBe(false);
    expect(reads()).toBe(1);
    clock.advance(60_000);
    expect(await classes.learn('late')).toBe(true);
    expect(classes.modeOf('late')).toBe('Immediate');
  });
});
