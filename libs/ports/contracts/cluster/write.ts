import { describe, expect, it } from 'vitest';
import type { Bench } from './contract.ts';
import { asSelf, byFairlead, configMap, entryOf, failureOf, freshName, kindNamed, read } from './objects.ts';

const byMerge = { type: 'merge', fieldManager: 'fairlead', ...asSelf } as const;
const byJson = { type: 'json', fieldManager: 'fairlead', ...asSelf } as const;

/** Create, replace, patch and delete, with their conditions. */
export function writeContract(bench: () => Bench): void {
  describe('creating and replacing', () => {
    it('creates what must not exist yet', async () => {
      const { api } = bench();
      const name = freshName('new');
      const made = await api.create(configMap(name, { a: '1' }), asSelf);
      expect(made.metadata.uid).toBeTruthy();
      const error = await failureOf(api.create(configMap(name, { a: '2' }), asSelf));
      expect(error).toMatchObject({ code: 'Conflict', reason: 'ApplyFailed', retry: 'backoff' });
    });

    it('replaces only the version that the caller has seen', async () => {
      const { api } = bench();
      const seen = await api.create(configMap(freshName('put'), { a: '1' }), asSelf);
      const replaced = await api.replace({ ...seen, data: { b: '2' } }, asSelf);
      expect(replaced['data']).toEqual({ b: '2' });
      const error = await failureOf(api.replace({ ...seen, data: { c: '3' } }, asSelf));
      expect(error).toMatchObject({ code: 'Conflict', retry: 'backoff' });
      expect((await failureOf(api.replace(configMap('not-there', {}), asSelf))).code).toBe('NotFound');
    });
  });

  describe('patching', () => {
    it('merges fields and removes those that are null', async () => {
      const { api } = bench();
      const { metadata } = await api.create(configMap(freshName('merge'), { a: '1', b: '1' }), asSelf);
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const key = { namespace: 'default', name: metadata.name ?? '' };
      const body = {
        metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion },
        data: { a: null, c: '1' },
      };
      expect((await api.patch(kind, key, { body, options: byMerge }))['data']).toEqual({ b: '1', c: '1' });
      expect((await failureOf(api.patch(kind, key, { body, options: byMerge }))).code).toBe('Conflict');
      const absent = { namespace: 'default', name: 'not-there' };
      expect((await failureOf(api.patch(kind, absent, { body: {}, options: byMerge }))).code).toBe('NotFound');
    });

    it('changes fields by JSON patch, under its tests', async () => {
      const { api } = bench();
      const { metadata } = await api.create(configMap(freshName('json'), { a: '1' }), asSelf);
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const key = { namespace: 'default', name: metadata.name ?? '' };
      const good = [
        { op: 'test', path: '/metadata/uid', value: metadata.uid },
        { op: 'replace', path: '/data/a', value: '2' },
      ];
      expect((await api.patch(kind, key, { body: good, options: byJson }))['data']).toEqual({ a: '2' });
      const bad = [
        { op: 'test', path: '/data/a', value: '1' },
        { op: 'remove', path: '/data/a' },
      ];
      expect(await failureOf(api.patch(kind, key, { body: bad, options: byJson }))).toMatchObject({
        code: 'InvalidInput',
        reason: 'ApplyFailed',
      });
    });

    it('releases an object: one patch takes our entry, label and annotation, and its data stays', async () => {
      const { api } = bench();
      const name = freshName('released');
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      await api.apply(configMap(name, { a: '1' }, { 'fairlead.dev/application': 'x' }), byFairlead());
      const live = await read(api, kind, name);
      const index = live.metadata.managedFields?.findIndex((entry) => entry.manager === 'fairlead') ?? -1;
      const body = [
        { op: 'test', path: '/metadata/resourceVersion', value: live.metadata.resourceVersion },
        { op: 'remove', path: `/metadata/managedFields/${index}` },
        { op: 'remove', path: '/metadata/labels/fairlead.dev~1application' },
      ];
      const released = await api.patch(kind, { namespace: 'default', name }, { body, options: byJson });
      expect(entryOf(released, 'fairlead')).toBeUndefined();
      expect(released.metadata.labels ?? {}).toEqual({});
      expect(released['data']).toEqual({ a: '1' });
    });
  });

  describe('deleting', () => {
    it('deletes under the conditions that the caller names', async () => {
      const { api } = bench();
      const { metadata } = await api.create(configMap(freshName('gone'), {}), asSelf);
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const key = { namespace: 'default', name: metadata.name ?? '' };
      const other = '11111111-2222-4333-8444-555555555555';
      expect((await failureOf(api.delete(kind, key, { ...asSelf, uid: other }))).code).toBe('Conflict');
      await api.delete(kind, key, { ...asSelf, dryRun: true });
      expect(await api.get(kind, key)).toBeDefined();
      await api.delete(kind, key, {
        ...asSelf,
        uid: metadata.uid ?? '',
        resourceVersion: metadata.resourceVersion ?? '',
      });
      expect(await api.get(kind, key)).toBeUndefined();
    });

    it('has nothing against an object that is gone already', async () => {
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const key = { namespace: 'default', name: 'never-there' };
      await expect(bench().api.delete(kind, key, asSelf)).resolves.toBeUndefined();
    });

    it('waits for finalizers', async () => {
      const { api } = bench();
      const name = freshName('held');
      const held = configMap(name, {});
      await api.create({ ...held, metadata: { ...held.metadata, finalizers: ['example.com/hold'] } }, asSelf);
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const key = { namespace: 'default', name };
      await api.delete(kind, key, asSelf);
      expect((await read(api, kind, name)).metadata.deletionTimestamp).toBeTruthy();
      await api.patch(kind, key, { body: { metadata: { finalizers: null } }, options: byMerge });
      expect(await api.get(kind, key)).toBeUndefined();
    });
  });
}
