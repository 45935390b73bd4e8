import { describe, expect, it } from 'vitest';
import type { ClusterApi, WatchEvent, WatchOptions } from '@fairlead/ports/cluster';
import type { Bench } from './contract.ts';
import { asSelf, byFairlead, configMap, freshName, kindNamed } from './objects.ts';

/** A watch whose events a test takes one by one. */
interface Watching {
  /** The next event, as `TYPE` or `TYPE name`. */
  next(): Promise<string>;
  /** The next event as it came. */
  event(): Promise<WatchEvent>;
  end(): Promise<void>;
}

function startWatch(api: ClusterApi, options: Omit<WatchOptions, 'signal'>): Watching {
  const control = new AbortController();
  const iterator = api.watch({ ...options, signal: control.signal })[Symbol.asyncIterator]();
  const event = async (): Promise<WatchEvent> => {
    const { value, done } = await iterator.next();
    if (done) throw new Error('the watch ended by itself');
    return value;
  };
  return {
    event,
    async next() {
      const found = await event();
      return 'object' in found ? `${found.type} ${found.object.metadata.name}` : found.type;
    },
    async end() {
      control.abort();
      expect((await iterator.next()).done).toBe(true);
    },
  };
}

/** The order and meaning of a watch's events. */
export function watchContract(bench: () => Bench): void {
  describe('watching', () => {
    it('opens with a list, then tells every change of what it selects', async () => {
      const { api } = bench();
      const [first, second] = [freshName('seen'), freshName('seen')];
      const labels = { watch: first };
      await api.apply(configMap(first, { a: '1' }, labels), byFairlead());
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const watch = startWatch(api, { kind, selector: `watch=${first}`, metadataOnly: false });
      expect([await watch.next(), await watch.next(), await watch.next()]).toEqual([
        'Reset',
        `Seen ${first}`,
        'Synced',
      ]);
      await api.apply(configMap(freshName('unseen'), {}), byFairlead());
      await api.apply(configMap(second, {}, labels), byFairlead());
      expect(await watch.next()).toBe(`Seen ${second}`);
      await api.apply(configMap(first, { a: '2' }, labels), byFairlead());
      const changed = await watch.event();
      expect(changed).toMatchObject({
        type: 'Seen',
        object: { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '2' } },
      });
      await api.delete(kind, { namespace: 'default', name: second }, asSelf);
      expect(await watch.next()).toBe(`Gone ${second}`);
      await watch.end();
    });

    it('tells what no longer matches as gone', async () => {
      const { api } = bench();
      const name = freshName('unlabelled');
      await api.apply(configMap(name, {}, { watch: name }), byFairlead());
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const watch = startWatch(api, { kind, namespace: 'default', selector: `watch=${name}`, metadataOnly: false });
      for (const expected of ['Reset', `Seen ${name}`, 'Synced']) expect(await watch.next()).toBe(expected);
      await api.apply(configMap(name, { a: '1' }), byFairlead());
      expect(await watch.next()).toBe(`Gone ${name}`);
      await watch.end();
    });

    it('tells only metadata where only that is asked for, and still the kind', async () => {
      const { api } = bench();
      const name = freshName('partial');
      await api.apply(configMap(name, { a: '1' }, { watch: name }), byFairlead());
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const watch = startWatch(api, { kind, selector: `watch=${name}`, metadataOnly: true });
      expect(await watch.next()).toBe('Reset');
      const seen = await watch.event();
      expect(seen).toMatchObject({ object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } } });
      expect(Object.keys('object' in seen ? seen.object : {}).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
      expect(await watch.next()).toBe('Synced');
      await api.apply(configMap(name, { a: '2' }, { watch: name }), byFairlead());
      expect(await watch.event()).toMatchObject({ type: 'Seen', object: { kind: 'ConfigMap', metadata: { name } } });
      await watch.end();
    });

    it('closes an empty list too', async () => {
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const watch = startWatch(bench().api, { kind, selector: 'watch=nothing-has-this', metadataOnly: true });
      expect([await watch.next(), await watch.next()]).toEqual(['Reset', 'Synced']);
      await watch.end();
    });
  });
}
