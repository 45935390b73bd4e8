import { describe, expect, it } from 'vitest';
import type { Bench } from './contract.ts';
import { asSelf, byFairlead, configMap, failureOf, freshName, kindNamed } from './objects.ts';

/** Discovery, get and list. */
export function readContract(bench: () => Bench): void {
  describe('reading', () => {
    it('tells the version of the server', async () => {
      expect(await bench().api.version()).toMatch(/^v1\.\d+\.\d+/);
    });

    it('finds a kind by apiVersion, and the preferred version of a group and kind', async () => {
      const found = await bench().api.kindOf({ apiVersion: 'apps/v1', kind: 'Deployment' });
      expect(found).toMatchObject({ group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments' });
      expect(found?.namespaced).toBe(true);
      expect(found?.verbs).toEqual(expect.arrayContaining(['get', 'list', 'watch', 'patch']));
      expect(await bench().api.kindOf({ apiVersion: 'v1', kind: 'Namespace' })).toMatchObject({
        group: '',
        namespaced: false,
      });
      expect((await bench().api.preferredKind('autoscaling', 'HorizontalPodAutoscaler'))?.version).toBe('v2');
    });

    it('does not know kinds and versions that the server does not serve', async () => {
      const { api } = bench();
      expect(await api.kindOf({ apiVersion: 'apps/v1', kind: 'Deploiment' })).toBeUndefined();
      expect(await api.kindOf({ apiVersion: 'apps/v1beta7', kind: 'Deployment' })).toBeUndefined();
      expect(await api.preferredKind('nowhere.example.com', 'Thing')).toBeUndefined();
    });

    it('gets undefined for an object that does not exist, and an error for a kind that does not', async () => {
      const { api } = bench();
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      expect(await api.get(kind, { namespace: 'default', name: 'not-there' })).toBeUndefined();
      const unknown = { ...kind, group: 'nowhere.example.com', kind: 'Thing', resource: 'things' };
      const error = await failureOf(api.get(unknown, { namespace: 'default', name: 'not-there' }));
      expect(error).toMatchObject({ code: 'NotFound', reason: 'KindUnknown' });
    });

    it('gets only the metadata where only that is asked for', async () => {
      const { api } = bench();
      const name = freshName('meta');
      await api.apply(configMap(name, { a: '1' }, { app: 'meta' }), byFairlead());
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const found = await api.get(kind, { namespace: 'default', name }, { metadataOnly: true });
      expect(found).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { app: 'meta' } } });
      expect(found).not.toHaveProperty('data');
      expect(found?.metadata.managedFields).toHaveLength(1);
    });

    it('lists by selector, with the kind on each object, and not more than asked for', async () => {
      const { api } = bench();
      for (const shelf of ['top', 'top', 'low'])
        await api.apply(configMap(freshName('list'), {}, { shelf }), byFairlead());
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const found = await api.list(kind, { namespace: 'default', selector: 'shelf=top' });
      expect(found.map((each) => each.metadata.labels?.['shelf'])).toEqual(['top', 'top']);
      expect(found[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
      expect(await api.list(kind, { selector: 'shelf in (top, low)', limit: 2 })).toHaveLength(2);
      expect(await api.list(kind, { selector: 'shelf,shelf!=top' })).toHaveLength(1);
    });

    it('lists only the metadata where only that is asked for', async () => {
      const { api } = bench();
      await api.apply(configMap(freshName('meta-list'), { a: '1' }, { bodiless: 'yes' }), byFairlead());
      const kind = await kindNamed(bench, 'v1', 'ConfigMap');
      const [found] = await api.list(kind, { selector: 'bodiless=yes', metadataOnly: true });
      expect(found).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { labels: { bodiless: 'yes' } } });
      expect(found).not.toHaveProperty('data');
    });

    it('names every kind of a group once, and none of a group that is not served', async () => {
      const { api } = bench();
      const kinds = await api.kindsOfGroup('apps');
      expect(kinds).toContainEqual(await kindNamed(bench, 'apps/v1', 'Deployment'));
      expect(new Set(kinds.map(({ kind }) => kind)).size).toBe(kinds.length);
      expect(await api.kindsOfGroup('nowhere.example.com')).toEqual([]);
    });

    it('finds a kind as soon as its CRD is established', async () => {
      const { api } = bench();
      const names = { plural: 'sails', singular: 'sail', kind: 'Sail' };
      expect(await api.kindOf({ apiVersion: 'boats.example.com/v1', kind: names.kind })).toBeUndefined();
      const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
      const versions = [{ name: 'v1', served: true, storage: true, schema }];
      const crd = { group: 'boats.example.com', scope: 'Namespaced', names, versions };
      const metadata = { name: 'sails.boats.example.com' };
      await api.apply(
        { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata, spec: crd },
        byFairlead(),
      );
      const found = await expect
        .poll(
          async () => {
            api.forgetKinds();
            return api.kindOf({ apiVersion: 'boats.example.com/v1', kind: 'Sail' });
          },
          { timeout: 20_000, interval: 50 },
        )
        .toMatchObject({ resource: 'sails', namespaced: true })
        .then(() => kindNamed(bench, 'boats.example.com/v1', 'Sail'));
      expect(await api.list(found, { namespace: 'default', ...asSelf })).toEqual([]);
    });
  });
}
