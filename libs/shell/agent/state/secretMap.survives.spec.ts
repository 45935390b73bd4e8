import { FairleadError } from '@fairlead/core/model';
import { fakeCluster, type FakeCluster } from '@fairlead/ports/cluster';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.ts';
import { listState, openSecretMap, type SecretMap } from './secretMap.ts';

const namespace = 'default';

async function open(
  cluster: FakeCluster,
  options: { holder?: string; logChars?: number; chunkChars?: number; cachedChars?: number } = {},
): Promise<SecretMap> {
  const found = await listState({ cluster, namespace });
  return openSecretMap({ cluster, namespace, name: 'map', holder: 'a', log: silentLog, found, ...options });
}

async function contents(map: SecretMap): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for await (const [key, value] of map.entries()) all[key] = value;
  return all;
}

const secrets = (cluster: FakeCluster) =>
  cluster.objects({ group: '', kind: 'Secret' }).map(({ metadata }) => metadata.name);

describe('a map in Secrets', () => {
  it('is the same after a restart, whatever was put, changed and removed, and however it was cut', async () => {
    const key = fc.integer({ min: 0, max: 12 }).map((n) => `key-${n}`);
    const change = fc.record({
      put: fc.dictionary(key, fc.string({ maxLength: 60 }), { maxKeys: 6 }),
      remove: fc.array(key, { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 12 }),
        fc.integer({ min: 1, max: 200 }),
        async (changes, logChars) => {
          const cluster = fakeCluster();
          const wanted: Record<string, string> = {};
          let map = await open(cluster, { logChars, chunkChars: 80 });
          for (const [index, { put, remove }] of changes.entries()) {
            await map.commit({ put: Object.entries(put), remove, meta: String(index) });
            Object.assign(wanted, put);
            for (const gone of remove) delete wanted[gone];
            if (index % 3 === 2) map = await open(cluster, { logChars, chunkChars: 80 });
          }
          const again = await open(cluster);
          expect(await contents(map)).toEqual(wanted);
          expect(await contents(again)).toEqual(wanted);
          expect([...again.keys()].sort()).toEqual(Object.keys(wanted).sort());
          expect(again.meta).toBe(changes.length === 0 ? undefined : String(changes.length - 1));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is read after keys were taken away that it never held', async () => {
    const cluster = fakeCluster();
    const map = await open(cluster, { logChars: 5 });
    await map.commit({ remove: ['key-0', 'key-1'] });
    await map.commit({ put: [['a', '1']] });
    expect(await contents(await open(cluster))).toEqual({ a: '1' });
  });

  it('is as before or as after a commit that was cut off at any call', async () => {
    for (let cutAt = 1; cutAt <= 4; cutAt += 1) {
      const cluster = fakeCluster();
      const map = await open(cluster, { logChars: 10 });
      await map.commit({ put: [['a', 'first value, long enough for a chunk']] });
      let writes = 0;
      const stop = cluster.intercept(({ verb }) => {
        if (['create', 'replace', 'delete'].includes(verb) && ++writes >= cutAt) throw new Error('killed');
      });
      await map.commit({ put: [['a', 'second value, long enough for a chunk']] }).catch(() => undefined);
      await map.commit({}).catch(() => undefined);
      stop();
      const found = (await contents(await open(cluster)))['a'];
      expect(found).toBe(cutAt <= 2 ? 'first value, long enough for a chunk' : 'second value, long enough for a chunk');
    }
  });

  it('deletes what no head names once it is opened again', async () => {
    const cluster = fakeCluster();
    const map = await open(cluster, { logChars: 10 });
    const stop = cluster.intercept(({ verb, key }) => {
      if (verb === 'create' && key?.name === 'map') throw new Error('killed');
    });
    await map.commit({ put: [['a', 'x'.repeat(50)]] }).catch(() => undefined);
    stop();
    expect(secrets(cluster)).toHaveLength(1);
    await (await open(cluster)).commit({ put: [['b', '1']] });
    expect(secrets(cluster)).toEqual(['map']);
  });

  it('packs what a commit changes behind what is packed, and all of it anew before it grows without end', async () => {
    const cluster = fakeCluster();
    const map = await open(cluster, { logChars: 4_000 });
    const log = (): string => {
      const [head] = cluster.objects({ group: '', kind: 'Secret' });
      return (head?.['data'] as Record<string, string> | undefined)?.['log'] ?? '';
    };
    await map.commit({ put: Array.from({ length: 30 }, (_, n) => [`key-${n}`, `value-${n}`]) });
    const first = Buffer.from(log(), 'base64');
    await map.commit({ put: [['key-1', 'another']], remove: ['key-2'] });
    expect(Buffer.from(log(), 'base64').subarray(0, first.length)).toEqual(first);
    await map.commit({ meta: 'nothing but this' });
    for (let n = 0; n < 1_000; n += 1) await map.commit({ put: [['key-1', String(n)]] });
    expect(log().length).toBeLessThan(40_000);
    const again = await contents(await open(cluster));
    expect(again).toEqual(await contents(map));
    expect([again['key-1'], again['key-2'], again['key-3']]).toEqual(['999', undefined, 'value-3']);
    expect(secrets(cluster)).toEqual(['map']);
  });

  it('reads a chunk once, however many ask for what is in it', async () => {
    const cluster = fakeCluster();
    const names = Array.from({ length: 50 }, (_, n) => `key-${n}`);
    await (await open(cluster, { logChars: 10 })).commit({ put: names.map((name) => [name, `value of ${name}`]) });
    const map = await open(cluster, { cachedChars: 0 });
    let reads = 0;
    cluster.intercept(({ verb }) => void (verb === 'get' && (reads += 1)));
    expect(await Promise.all(names.map((name) => map.get(name)))).toEqual(names.map((name) => `value of ${name}`));
    expect(reads).toBe(1);
  });

  it('holds a value that is larger than a Secret', async () => {
    const cluster = fakeCluster();
    const noise = Array.from({ length: 150_000 }, (_, n) => Math.imul(n + 1, 2_654_435_761).toString(36)).join('');
    await (await open(cluster)).commit({ put: [['big', noise]] });
    expect(secrets(cluster).length).toBeGreaterThan(1);
    expect(await (await open(cluster)).get('big')).toBe(noise);
  });

  it('stops an owner that another one has followed', async () => {
    const cluster = fakeCluster();
    const first = await open(cluster, { holder: 'first' });
    await first.commit({ put: [['a', '1']] });
    const second = await open(cluster, { holder: 'second' });
    await second.commit({ put: [['a', '2']] });
    await expect(first.commit({ put: [['a', '3']] })).rejects.toMatchObject({ code: 'Aborted', reason: 'Superseded' });
    expect(await (await open(cluster)).get('a')).toBe('2');
  });

  it('stops its owner where an older copy of its Secrets was put back', async () => {
    const cluster = fakeCluster();
    const map = await open(cluster);
    await map.commit({ put: [['a', '1']] });
    const [copy] = cluster.objects({ group: '', kind: 'Secret' });
    await map.commit({ put: [['a', '2']] });
    const restored: FakeCluster = {
      ...cluster,
      get: () => Promise.resolve(copy),
      replace: () => Promise.reject(new FairleadError('it has changed', { code: 'Conflict', reason: 'ApplyFailed' })),
    };
    const found = await listState({ cluster, namespace });
    const heard: string[] = [];
    const superseded = ({ message }: Error): void => void heard.push(message);
    const options = { cluster: restored, namespace, name: 'map', holder: 'a', log: silentLog, found, superseded };
    await expect((await openSecretMap(options)).commit({ put: [['a', '3']] })).rejects.toMatchObject({
      reason: 'Superseded',
    });
    expect(heard).toEqual([expect.stringContaining('older copy')]);
  });

  it('names damage instead of reading on', async () => {
    const cluster = fakeCluster();
    await (await open(cluster, { logChars: 1 })).commit({ put: [['a', '1']] });
    const chunk = secrets(cluster).find((name) => name !== 'map') ?? '';
    cluster.remove({ group: '', kind: 'Secret', namespace, name: chunk });
    await expect(open(cluster)).rejects.toMatchObject({ code: 'DataLoss' });
  });
});
