import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyText, type ObjectKey } from '@fairlead/core/model';
import { groupNameOf, planStages, rankOf } from './index.ts';

const key = (group: string, kind: string, name = 'x'): ObjectKey => ({ group, kind, namespace: 'web', name });
const cluster = (group: string, kind: string, name = 'x'): ObjectKey => ({ ...key(group, kind, name), namespace: '' });
const crd = cluster('apiextensions.k8s.io', 'CustomResourceDefinition');

describe('the group of an object', () => {
  it.each([
    [crd, 'Definitions'],
    [cluster('', 'Namespace'), 'Definitions'],
    [cluster('rbac.authorization.k8s.io', 'ClusterRole'), 'ClusterScoped'],
    [cluster('storage.k8s.io', 'StorageClass'), 'ClusterScoped'],
    [cluster('example.com', 'ClusterWidget'), 'ClusterScoped'],
    [key('', 'ServiceAccount'), 'Base'],
    [key('', 'ConfigMap'), 'Base'],
    [key('', 'Secret'), 'Base'],
    [key('', 'PersistentVolumeClaim'), 'Base'],
    [key('rbac.authorization.k8s.io', 'RoleBinding'), 'Base'],
    [key('apps', 'Deployment'), 'Rest'],
    [key('example.com', 'Secret'), 'Rest'],
    [key('monitoring.coreos.com', 'Prometheus'), 'Rest'],
    [cluster('admissionregistration.k8s.io', 'ValidatingWebhookConfiguration'), 'Late'],
    [cluster('apiregistration.k8s.io', 'APIService'), 'Late'],
  ])('%j is %s', (one, expected) => {
    expect(groupNameOf(one)).toBe(expected);
  });

  it('has its place', () => {
    expect(
      [
        crd,
        cluster('', 'PersistentVolume'),
        key('', 'Secret'),
        key('apps', 'Deployment'),
        cluster('apiregistration.k8s.io', 'APIService'),
      ].map(rankOf),
    ).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('the order of an apply', () => {
  it('has stages by number, and groups in each', () => {
    const plan = planStages([
      { key: key('apps', 'Deployment', 'b'), stage: 0 },
      { key: key('batch', 'Job', 'migrate'), stage: -1 },
      { key: key('apps', 'Deployment', 'a'), stage: 0 },
      { key: key('', 'ConfigMap'), stage: 0 },
      { key: key('', 'Service', 'last'), stage: 10 },
    ]);
    expect(
      plan.map(({ stage, groups }) => [
        stage,
        ...groups.map((group) => `${group.rank} ${group.name}: ${group.items.map((item) => item.key.name).join()}`),
      ]),
    ).toEqual([
      [-1, '3 Rest: migrate'],
      [0, '2 Base: x', '3 Rest: a,b'],
      [10, '2 Base: last'],
    ]);
  });

  it('takes definitions that name no stage along with the first one', () => {
    const plan = planStages([
      { key: key('batch', 'Job'), stage: -3 },
      { key: cluster('', 'Namespace'), stage: 0 },
      { key: crd, stage: 0 },
      { key: cluster('', 'Namespace', 'later'), stage: 4 },
    ]);
    expect(
      plan.map(({ stage, groups }) => [stage, groups.map((group) => `${group.name} until ${group.until}`)]),
    ).toEqual([
      [-3, ['Definitions until Established', 'Rest until Answers']],
      [4, ['Definitions until Established']],
    ]);
  });

  it('of nothing is nothing', () => {
    expect(planStages([])).toEqual([]);
  });

  const item = fc.record({
    key: fc.record({
      group: fc.constantFrom('', 'apps', 'apiextensions.k8s.io', 'apiregistration.k8s.io'),
      kind: fc.constantFrom('Namespace', 'ConfigMap', 'Deployment', 'CustomResourceDefinition', 'APIService'),
      namespace: fc.constantFrom('', 'web'),
      name: fc.constantFrom('a', 'b', 'c'),
    }),
    stage: fc.integer({ min: -2, max: 2 }),
  });
  const items = fc.uniqueArray(item, { selector: (one) => keyText(one.key), maxLength: 30 });

  it('names every object once, whatever the order of the input', () => {
    fc.assert(
      fc.property(items, (list) => {
        const flat = planStages(list).flatMap(({ groups }) => groups.flatMap((group) => group.items));
        expect(flat.map((one) => keyText(one.key)).sort()).toEqual(list.map((one) => keyText(one.key)).sort());
        expect(planStages(list.toReversed())).toEqual(planStages(list));
      }),
    );
  });

  it('never puts an object before one of an earlier stage, nor before what it may depend on in its own', () => {
    fc.assert(
      fc.property(items, (list) => {
        const places = planStages(list).flatMap(({ stage, groups }) =>
          groups.flatMap((group) => group.items.map((one) => ({ stage, rank: group.rank, one }))),
        );
        for (const [index, { stage, rank, one }] of places.entries()) {
          expect(stage).toBeLessThanOrEqual(one.stage);
          expect(rank).toBe(rankOf(one.key));
          const before = places[index - 1];
          if (before) expect(before.stage < stage || (before.stage === stage && before.rank <= rank)).toBe(true);
        }
      }),
    );
  });
});
