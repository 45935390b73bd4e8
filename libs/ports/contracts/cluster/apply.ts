import { describe, expect, it } from 'vitest';
import { apiFailureOf } from '@fairlead/ports/cluster';
import type { Bench } from './contract.ts';
import { byFairlead, configMap, deployment, entryOf, failureOf, freshName, kindNamed, read } from './objects.ts';

/** Server-side apply: ownership, conflicts, force, dry run. */
export function applyContract(bench: () => Bench): void {
  describe('applying', () => {
    it('says whether it created, and claims the fields for the manager', async () => {
      const { api } = bench();
      const name = freshName('created');
      const first = await api.apply(configMap(name, { a: '1' }, { app: 'x' }), byFairlead());
      expect(first.created).toBe(true);
      expect(first.object.metadata.uid).toBeTruthy();
      expect(first.object.metadata.creationTimestamp).toBeTruthy();
      expect(entryOf(first.object, 'fairlead')?.fieldsV1).toEqual({
        'f:data': { 'f:a': {} },
        'f:metadata': { 'f:labels': { 'f:app': {} } },
      });
      const second = await api.apply(configMap(name, { a: '2' }, { app: 'x' }), byFairlead());
      expect(second.created).toBe(false);
      expect(second.object['data']).toEqual({ a: '2' });
      expect(second.object.metadata.uid).toBe(first.object.metadata.uid);
      expect(second.object.metadata.resourceVersion).not.toBe(first.object.metadata.resourceVersion);
    });

    it('changes nothing when nothing differs', async () => {
      const { api } = bench();
      const name = freshName('same');
      await api.apply(configMap(name, { a: '1' }), byFairlead());
      await api.apply(configMap(name, { b: '1' }), byFairlead({ fieldManager: 'other' }));
      const before = await api.apply(configMap(name, { a: '1' }), byFairlead());
      const after = await api.apply(configMap(name, { a: '1' }), byFairlead());
      expect(after.object).toEqual(before.object);
    });

    it('takes away what the manager no longer names, and leaves what another one owns', async () => {
      const { api } = bench();
      const name = freshName('shrunk');
      await api.apply(configMap(name, { a: '1', b: '1' }), byFairlead());
      await api.apply(configMap(name, { b: '1', c: '1' }), byFairlead({ fieldManager: 'other' }));
      const { object } = await api.apply(configMap(name, {}, { app: 'x' }), byFairlead());
      expect(object['data']).toEqual({ b: '1', c: '1' });
      expect(entryOf(object, 'fairlead')?.fieldsV1).toMatchObject({ 'f:metadata': { 'f:labels': { 'f:app': {} } } });
    });

    it('merges keyed lists by their keys', async () => {
      const { api } = bench();
      const name = freshName('keyed');
      await api.apply(deployment(name, { image: 'a:1', env: [{ name: 'A', value: '1' }] }), byFairlead());
      const other = byFairlead({ fieldManager: 'other' });
      await api.apply(deployment(name, { image: 'a:1', env: [{ name: 'B', value: '2' }] }), other);
      const { object } = await api.apply(deployment(name, { image: 'a:2' }), byFairlead({ force: true }));
      expect(containerOf(object)).toMatchObject({ name: 'main', image: 'a:2', env: [{ name: 'B', value: '2' }] });
      expect(object.metadata.generation).toBe(3);
    });

    it('refuses to take a field over without force, and names field and manager', async () => {
      const { api } = bench();
      const name = freshName('contested');
      await api.apply(configMap(name, { a: '1' }), byFairlead());
      const error = await failureOf(api.apply(configMap(name, { a: '2' }), byFairlead({ fieldManager: 'other' })));
      expect(error).toMatchObject({ code: 'Conflict', reason: 'ConflictReported', subject: { field: '.data.a' } });
      expect(apiFailureOf(error)?.causes).toMatchObject([
        { reason: 'FieldManagerConflict', field: '.data.a', manager: 'fairlead' },
      ]);
      const { object } = await api.apply(
        configMap(name, { a: '2' }),
        byFairlead({ fieldManager: 'other', force: true }),
      );
      expect(object['data']).toEqual({ a: '2' });
      expect(entryOf(object, 'fairlead')).toBeUndefined();
    });

    it('answers a dry run as if it had been done, and does nothing', async () => {
      const { api } = bench();
      const name = freshName('dry');
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const dry = await api.apply(configMap(name, { a: '1' }), byFairlead({ dryRun: true }));
      expect(dry.object['data']).toEqual({ a: '1' });
      expect(await api.get(kind, { namespace: 'default', name })).toBeUndefined();
      await api.apply(configMap(name, { a: '1' }), byFairlead());
      const changed = await api.apply(configMap(name, { a: '2' }), byFairlead({ dryRun: true }));
      expect(changed.object['data']).toEqual({ a: '2' });
      expect((await read(api, kind, name))['data']).toEqual({ a: '1' });
    });

    it('names what is wrong with an object that the server refuses', async () => {
      const { api } = bench();
      const invalid = await failureOf(api.apply(configMap('Not_A_Name', {}), byFairlead()));
      expect(invalid).toMatchObject({ code: 'InvalidInput', reason: 'ApplyFailed', retry: 'never' });
      expect(invalid.subject).toEqual({ object: '/ConfigMap/default/Not_A_Name', field: 'metadata.name' });
      expect(apiFailureOf(invalid)?.status).toBe(422);
      const unknown = {
        apiVersion: 'nowhere.example.com/v1',
        kind: 'Thing',
        metadata: { name: 'a', namespace: 'default' },
      };
      expect(await failureOf(api.apply(unknown, byFairlead()))).toMatchObject({
        reason: 'KindUnknown',
        retry: 'backoff',
      });
      const homeless = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'no-such-namespace' } };
      const missing = await failureOf(api.apply(homeless, byFairlead()));
      expect(missing).toMatchObject({ code: 'NotFound', reason: 'NotFound' });
      expect(missing.message).toContain('namespaces "no-such-namespace" not found');
    });

    it('refuses objects without name or namespace before anything is sent', async () => {
      const { api } = bench();
      const nameless = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default' } };
      const placeless = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
      expect((await failureOf(api.apply(nameless, byFairlead()))).subject.field).toBe('metadata.name');
      expect((await failureOf(api.apply(placeless, byFairlead()))).subject.field).toBe('metadata.namespace');
    });

    it('uses the rights of the service account that it is given, and refuses one that names nobody', async () => {
      const { api, powerless } = bench();
      const name = freshName('powerless');
      const error = await failureOf(api.apply(configMap(name, {}), byFairlead({ identity: powerless })));
      expect(error).toMatchObject({ code: 'PermissionDenied', reason: 'Forbidden' });
      expect(error.message).toMatch(/User "system:serviceaccount:\S+" cannot patch resource/);
      const nobody = { as: 'serviceAccount', namespace: 'default', name: '' } as const;
      expect(await failureOf(api.apply(configMap(name, {}), byFairlead({ identity: nobody })))).toMatchObject({
        code: 'InvalidInput',
        reason: 'InvalidArgument',
      });
    });
  });
}

function containerOf(object: object): unknown {
  const { spec } = object as { spec?: { template?: { spec?: { containers?: unknown[] } } } };
  return spec?.template?.spec?.containers?.[0];
}
