import type { KubeObject } from '@fairlead/core/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownableKinds, operatorGroups, treeOf } from './index.ts';

const bounds = { objects: 100, depth: 8 };
const owned = (
  kind: string,
  uid: string,
  ...owners: readonly (string | { uid: string; controller: true })[]
): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    name: uid,
    namespace: 'shop',
    uid,
    ownerReferences: owners.map((owner) => ({
      apiVersion: 'v1',
      kind: 'Any',
      name: 'any',
      ...(typeof owner === 'string' ? { uid: owner } : owner),
    })),
  },
});
const shape = (tree: ReturnType<typeof treeOf>): string[] =>
  tree.places.map(({ node, uid }) => `${'  '.repeat(node.depth)}${uid ?? node.object}`);

test('each object stands below its owner, by UID', () => {
  const tree = treeOf([{ object: 'apps/Deployment/shop/web', uid: 'd' }], {
    owned: [
      owned('Pod', 'p2', 'r1'),
      owned('Pod', 'p1', 'r1'),
      owned('ReplicaSet', 'r1', 'd'),
      owned('Pod', 'stranger', 'x'),
    ],
    bounds,
  });
  expect(shape(tree)).toEqual(['d', '  r1', '    p1', '    p2']);
  expect(tree.places[2]?.node).toMatchObject({ object: '/Pod/shop/p1', owner: '/ReplicaSet/shop/r1', depth: 2 });
  expect(tree.isCut).toBe(false);
});

test('of several owners the controller counts, and an application keeps its own object as its own', () => {
  const roots = [
    { object: 'a', uid: 'a' },
    { object: 'b', uid: 'b' },
  ];
  const tree = treeOf(roots, {
    owned: [owned('Pod', 'p', 'a', { uid: 'b', controller: true }), owned('Pod', 'b', 'a')],
    bounds,
  });
  expect(shape(tree)).toEqual(['a', 'b', '  p']);
});

test('a tree stays within its bounds and says that it is cut', () => {
  const chain = Array.from({ length: 20 }, (_, nth) => owned('Link', `l${nth}`, nth === 0 ? 'root' : `l${nth - 1}`));
  const roots = [{ object: 'root', uid: 'root' }];
  expect(treeOf(roots, { owned: chain, bounds: { objects: 100, depth: 3 } })).toMatchObject({
    isCut: true,
    places: { length: 4 },
  });
  expect(treeOf(roots, { owned: chain, bounds: { objects: 5, depth: 99 } })).toMatchObject({
    isCut: true,
    places: { length: 5 },
  });
});

test('whatever owns whatever, in circles too, each object is told at most once and after its owner', () => {
  const uid = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'root');
  fc.assert(
    fc.property(fc.array(fc.tuple(uid, fc.array(uid, { maxLength: 3 }))), (pairs) => {
      const objects = pairs.map(([name, owners]) => owned('Thing', name, ...owners));
      const { places } = treeOf([{ object: 'root', uid: 'root' }], { owned: objects, bounds });
      const uids = places.map((place) => place.uid);
      expect(new Set(uids).size).toBe(uids.length);
      for (const [nth, { node }] of places.entries())
        if (node.owner !== undefined)
          expect(places.slice(0, nth).map((before) => before.node.object)).toContain(node.owner);
    }),
  );
});

test('only kinds that can be owned are looked for, and an operator may make any kind of its group', () => {
  const kinds = (...roots: { group: string; kind: string }[]) =>
    ownableKinds(roots, (group) => (group === 'certs.example.com' ? [{ group, kind: 'Order' }] : [])).map(
      ({ group, kind }) => `${group}/${kind}`,
    );
  expect(kinds({ group: '', kind: 'ConfigMap' }, { group: '', kind: 'Secret' })).toEqual([]);
  expect(kinds({ group: 'apps', kind: 'Deployment' })).toEqual(['apps/ReplicaSet', '/Pod']);
  expect(kinds({ group: 'certs.example.com', kind: 'Certificate' })).toEqual(
    expect.arrayContaining(['certs.example.com/Order', '/Secret', '/Pod']),
  );
  expect(
    operatorGroups([
      { group: 'apps', kind: 'Deployment' },
      { group: 'policy', kind: 'X' },
      { group: 'storage.k8s.io', kind: 'Y' },
      { group: 'cluster.x-k8s.io', kind: 'Machine' },
    ]),
  ).toEqual(['cluster.x-k8s.io']);
});
