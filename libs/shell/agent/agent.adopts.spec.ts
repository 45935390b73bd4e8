import type { ApplicationId, KubeObject } from '@fairlead/core/model';
import { describe, expect, it } from 'vitest';
import { configMap, key, rigUp, type Rig, type TestApplication } from './rig/rig.harness.ts';

const web = 'default/web' as ApplicationId;
const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
const by = { identity: { as: 'self' } } as const;
const at = key('ConfigMap', 'a');

/** A cluster in which somebody ran `kubectl apply`, and edited a field later. */
async function withApplied(data: Record<string, string>, more: Partial<KubeObject['metadata']> = {}): Promise<Rig> {
  const one = await rigUp();
  await one.api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, by);
  const annotations = { [annotation]: JSON.stringify({ data }), ...more.annotations };
  const { metadata } = await one.api.create(configMap('a', {}, { namespace: 'shop', ...more, annotations: {} }), by);
  one.api.edit(at, (object) => ({ ...object, data, metadata: { ...object.metadata, annotations } }), {
    manager: 'kubectl-client-side-apply',
  });
  one.api.edit(at, (object) => ({ ...object, data: { ...data, edited: 'x' } }));
  expect(metadata.uid).toBeTruthy();
  return one;
}
const want = (one: Rig, objects: readonly KubeObject[], sync: TestApplication['sync'] = {}) =>
  one.want({ applications: { [web]: { objects, sync } } });
const applies = (one: Rig) => one.writes().map(({ verb }) => verb);

describe('an object that kubectl applied', () => {
  it('loses what git no longer names, with the annotation, and keeps what another hand set', async () => {
    const one = await withApplied({ kept: '1', gone: '1' });
    await want(one, [configMap('a', { kept: '2', new: '3' })]);
    await one.until(web, { sync: 'InSync' });
    const found = one.api.find(at);
    expect(found?.['data']).toEqual({ kept: '2', new: '3', edited: 'x' });
    expect(found?.metadata.annotations).not.toHaveProperty([annotation]);
    expect(found?.metadata.managedFields?.map(({ manager }) => manager)).not.toContain('kubectl-client-side-apply');
    expect(applies(one)).toEqual(['apply', 'patch', 'apply']);
    // It existed before: it is released when it leaves.
    await want(one, [configMap('b')]);
    await one.eventually(() => expect(one.api.find(at)?.metadata.labels ?? {}).toEqual({}));
    expect(one.api.find(at)?.['data']).toMatchObject({ kept: '2' });
  });

  it('is no conflict where conflicts are reported, and one with another hand is', async () => {
    const one = await withApplied({ kept: '1', gone: '1' });
    await want(one, [configMap('a', { kept: '2' })], { conflicts: 'Report' });
    await one.until(web, { sync: 'InSync' });
    expect(one.api.find(at)?.['data']).toEqual({ kept: '2', edited: 'x' });

    const other = await withApplied({ kept: '1' });
    await want(other, [configMap('a', { edited: 'y' })], { conflicts: 'Report' });
    await other.until(web, { sync: 'Failed', reason: 'ConflictReported' });
    expect(other.api.find(at)?.['data']).toEqual({ kept: '1', edited: 'x' });
  });

  it('keeps the live value of a field that is ignored', async () => {
    const one = await withApplied({ kept: '1', scaled: '7' });
    const ignore = [{ target: { kind: 'ConfigMap' }, pointers: ['/data/scaled'] }];
    await one.want({ applications: { [web]: { objects: [configMap('a', { kept: '2', scaled: '1' })], ignore } } });
    await one.until(web, { sync: 'InSync' });
    expect(one.api.find(at)?.['data']).toEqual({ kept: '2', scaled: '7', edited: 'x' });
  });

  it('is refused where the application takes nothing over, and its owner is named', async () => {
    const release = { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': 'shop' };
    const one = await withApplied({ kept: '1' }, { annotations: release });
    const before = one.api.find(at);
    await want(one, [configMap('a', { kept: '2' })], { adopt: 'Refuse' });
    const status = await one.until(web, { sync: 'Failed', reason: 'ObjectTaken' });
    expect(status.message).toContain('it exists already and is of the Helm release shop/web');
    expect(one.api.find(at)).toEqual(before);
  });

  it('is taken over to the end by an agent that was killed on the way', async () => {
    for (const calls of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const one = await withApplied({ kept: '1', gone: '1' });
      const dead = one.killAfter(calls);
      await want(one, [configMap('a', { kept: '2' })]).catch(() => undefined);
      await dead;
      await one.restart({ cleanly: false });
      await want(one, [configMap('a', { kept: '2' })]);
      await one.until(web, { sync: 'InSync' });
      expect(one.api.find(at)?.['data']).toEqual({ kept: '2', edited: 'x' });
      expect(one.api.find(at)?.metadata.annotations).not.toHaveProperty([annotation]);
    }
  });
});

it('an object that is new costs one apply', async () => {
  const one = await rigUp();
  await want(one, [configMap('a')]);
  await one.until(web, { sync: 'InSync' });
  expect(one.api.calls.filter(({ key: { name } }) => name === 'a').map(({ verb }) => verb)).toEqual(['apply']);
});
