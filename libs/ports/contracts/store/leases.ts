import type { ClusterName } from '@fairlead/core/model';
import { expect, test } from 'vitest';
import type { CurrentStore } from './suite.ts';

const minute = 60_000;
const shop = 'shop' as ClusterName;
const hello = (gateway: string) => ({ agentVersion: '', kubernetesVersion: '', nowMs: 1, gateway });

/** Who leads, and which instances are alive. A lease of no time has run out at once: that is how time passes here. */
export function leases(store: CurrentStore): void {
  lead(store);
  instances(store);
  claims(store);
}

function lead(store: CurrentStore): void {
  test('one leads, and the other waits until the lease has run out', async () => {
    const fence = await store().lead({ holder: 'a', ttlMs: minute });
    expect(fence).toBeTypeOf('number');
    expect(await store().lead({ holder: 'b', ttlMs: minute })).toBeUndefined();
    expect(await store().lead({ holder: 'a', ttlMs: 0 })).toBe(fence);
    expect(await store().lead({ holder: 'b', ttlMs: minute })).toBe((fence ?? 0) + 1);
    expect(await store().lead({ holder: 'a', ttlMs: minute })).toBeUndefined();
  });

  test('a lease that ran out and that nobody else took goes on under the same fence', async () => {
    const fence = await store().lead({ holder: 'a', ttlMs: 0 });
    expect(await store().lead({ holder: 'a', ttlMs: minute })).toBe(fence);
  });

  test('who resigns need not be waited for, and leads anew under a new fence', async () => {
    const first = (await store().lead({ holder: 'a', ttlMs: minute })) ?? 0;
    await store().resign('b');
    expect(await store().lead({ holder: 'b', ttlMs: minute })).toBeUndefined();
    await store().resign('a');
    expect(await store().lead({ holder: 'b', ttlMs: minute })).toBe(first + 1);
    await store().resign('b');
    expect(await store().lead({ holder: 'b', ttlMs: minute })).toBe(first + 2);
  });

  test('of many that ask at once one leads', async () => {
    const asked = ['a', 'b', 'c', 'd'].map((holder) => store().lead({ holder, ttlMs: minute }));
    expect((await Promise.all(asked)).filter((fence) => fence !== undefined)).toHaveLength(1);
  });

  test('a leader of yesterday writes nothing', async () => {
    const old = (await store().lead({ holder: 'a', ttlMs: 0 })) ?? 0;
    await store().write([{ put: 'fact', key: 'a', value: { n: 1 } }], { fence: old });
    const fence = (await store().lead({ holder: 'b', ttlMs: minute })) ?? 0;
    await store().write([{ put: 'fact', key: 'a', value: { n: 2 } }], { fence });
    const late = store().write([{ put: 'fact', key: 'a', value: { n: 3 } }], { fence: old });
    await expect(late).rejects.toMatchObject({ code: 'Conflict' });
    expect(await store().fact('a')).toEqual({ n: 2 });
  });
}

function instances(store: CurrentStore): void {
  const gateway = (instance: string, ttlMs = minute) => store().beat({ instance, role: 'gateway', ttlMs });

  test('clusters of an instance that has gone are marked, and those of the others stay', async () => {
    expect(await gateway('a')).toBe(true);
    expect(await gateway('b')).toBe(true);
    await store().raiseSession(shop, hello('a'));
    await store().raiseSession('till' as ClusterName, hello('a'));
    await store().raiseSession('bakery' as ClusterName, hello('b'));
    expect(await store().sweepInstances()).toEqual([]);
    expect(await gateway('a', 0)).toBe(false);
    expect(await store().sweepInstances()).toEqual(['shop', 'till']);
    expect(await store().cluster(shop)).toMatchObject({ connected: false, gateway: 'a' });
    expect(await store().counts()).toMatchObject({ clusters: 3, connected: 1 });
    expect(await store().sweepInstances()).toEqual([]);
  });

  test('an instance that was swept while it slept is told so by its next beat', async () => {
    await gateway('a', 0);
    await store().sweepInstances();
    expect(await gateway('a')).toBe(true);
    expect(await gateway('a')).toBe(false);
  });

  test('a cluster that went to another gateway stays connected when the first one dies', async () => {
    await gateway('a');
    await gateway('b');
    await store().raiseSession(shop, hello('a'));
    await store().raiseSession(shop, hello('b'));
    await gateway('a', 0);
    expect(await store().sweepInstances()).toEqual([]);
    expect(await store().cluster(shop)).toMatchObject({ connected: true, gateway: 'b' });
  });

  test('a gateway that nobody registered holds no stream', async () => {
    await store().raiseSession(shop, hello('of a store that was restored'));
    expect(await store().sweepInstances()).toEqual(['shop']);
  });
}

/** Work that several could do is a fact, and who has it stands in one of its fields. */
function claims(store: CurrentStore): void {
  const work = (by?: string) =>
    ({ put: 'fact', key: 'work', value: { what: 'render', ...(by === undefined ? {} : { by }) } }) as const;
  const seen = (is: string | undefined) => ({ fact: { key: 'work', field: 'by', is } });

  test('instances are told by role, as long as they live', async () => {
    await store().beat({ instance: 'b', role: 'sources', ttlMs: minute });
    await store().beat({ instance: 'a', role: 'sources', ttlMs: minute });
    await store().beat({ instance: 'c', role: 'gateway', ttlMs: minute });
    await store().beat({ instance: 'dead', role: 'sources', ttlMs: 0 });
    expect(await store().instances('sources')).toEqual(['a', 'b']);
    expect(await store().instances('nobody')).toEqual([]);
  });

  test('of many that claim one piece of work at once one has it', async () => {
    await store().write([work()]);
    const asked = ['a', 'b', 'c'].map((by) => store().write([work(by)], seen(undefined)));
    const ended = await Promise.allSettled(asked);
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const winner = 'abc'[ended.findIndex(({ status }) => status === 'fulfilled')];
    expect(await store().fact('work')).toEqual({ what: 'render', by: winner });
  });

  test('work is taken over from the one that was seen to have it, and from nobody else', async () => {
    await store().write([work('a')]);
    await expect(store().write([work('c')], seen('b'))).rejects.toMatchObject({ code: 'Conflict' });
    await store().write([work('b')], seen('a'));
    const late = store().write([{ drop: 'fact', key: 'work' }], seen('a'));
    await expect(late).rejects.toMatchObject({ code: 'Conflict' });
    await store().write([{ drop: 'fact', key: 'work' }], seen('b'));
    await expect(store().write([work('b')], seen(undefined))).rejects.toMatchObject({ code: 'Conflict' });
  });

  test('a number that rises is raised by whoever saw the last one', async () => {
    const beat = (n: number) => ({ put: 'fact', key: 'leader', value: { beat: n } }) as const;
    const saw = (is: number) => ({ fact: { key: 'leader', field: 'beat', is } });
    await store().write([beat(7)]);
    await store().write([beat(8)], saw(7));
    await expect(store().write([beat(9)], saw(7))).rejects.toMatchObject({ code: 'Conflict' });
    expect(await store().fact('leader')).toEqual({ beat: 8 });
  });
}
