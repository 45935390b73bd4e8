import type { ApplicationId, CommitSha, KubeObject } from '@fairlead/core/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agentNamespace,
  configMap,
  deployment,
  key,
  rigUp,
  type Rig,
  type TestApplication,
} from './rig/rig.harness.ts';

const web = 'default/web' as ApplicationId;
const other = 'default/other' as ApplicationId;
const stranger = 'team/web' as ApplicationId;
const commit = '3'.repeat(40) as CommitSha;
const namespace = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});
const maps = (one: Rig): string[] =>
  one.api.objects({ group: '', kind: 'ConfigMap' }).map(({ metadata }) => metadata.name ?? '');
const deletes = (one: Rig): string[] =>
  one.api.calls
    .filter(({ verb, identity }) => verb === 'delete' && identity.as !== 'self')
    .map(({ key: { name } }) => name);
const ownSecrets = (one: Rig): string[] =>
  one.api.objects({ group: '', kind: 'Secret' }).map(({ metadata }) => metadata.name ?? '');

async function run(one: Rig, applications: Record<string, TestApplication>): Promise<void> {
  await one.want({ applications });
  for (const name of Object.keys(applications)) await one.until(name, { sync: 'InSync' });
}

describe('what leaves a bundle', () => {
  it('is deleted as the application, in reverse order; the namespace that was made stays', async () => {
    const one = await rigUp();
    await run(one, { [web]: { objects: [configMap('a'), configMap('b'), deployment('web')] } });
    await one.want({ applications: { [web]: { objects: [configMap('a')] } } });
    await one.eventually(() => expect(maps(one)).toEqual(['a']));
    await one.until(web, { sync: 'InSync', objects: 1 });
    expect(deletes(one)).toEqual(['web', 'b']);
    expect(one.api.find({ group: '', kind: 'Namespace', namespace: '', name: 'shop' })).toBeDefined();
    expect(one.writes().filter(({ verb }) => verb === 'delete')[0]?.identity).toMatchObject({ name: 'fairlead-web' });
  });

  it('is released, not deleted, where it was there before', async () => {
    const one = await rigUp();
    await one.api.create(namespace('shop'), { identity: { as: 'self' } });
    await one.api.create(configMap('old', { b: '2' }, { namespace: 'shop' }), { identity: { as: 'self' } });
    await run(one, { [web]: { objects: [configMap('a'), configMap('old', { a: '1' })] } });
    await one.want({ applications: { [web]: { objects: [configMap('a')] } } });
    await one.eventually(() => expect(one.api.find(key('ConfigMap', 'old'))?.metadata.labels ?? {}).toEqual({}));
    const released = one.api.find(key('ConfigMap', 'old'));
    expect(released?.['data']).toEqual({ a: '1', b: '2' });
    expect(released?.metadata.managedFields?.map(({ operation }) => operation)).not.toContain('Apply');
    expect(deletes(one)).toEqual([]);
    await one.until(web, { sync: 'InSync' });
  });

  it('stays where the application does not prune, where the pass failed, and where it is too much at once', async () => {
    const keeps = await rigUp();
    await run(keeps, { [web]: { objects: [configMap('a'), configMap('b')], sync: { prune: false } } });
    await run(keeps, { [web]: { objects: [configMap('a')], sync: { prune: false } } });
    expect(maps(keeps)).toEqual(['a', 'b']);

    const fails = await rigUp({ mayDo: ({ verb, key: { name } }) => !(verb === 'apply' && name === 'bad') });
    await run(fails, { [web]: { objects: [configMap('a'), configMap('b')] } });
    await fails.want({ applications: { [web]: { objects: [configMap('a'), configMap('bad')] } } });
    await fails.until(web, { sync: 'Failed' });
    expect(maps(fails)).toEqual(['a', 'b']);

    const many = await rigUp();
    const all = Array.from({ length: 50 }, (_, n) => configMap(`c-${n}`));
    await run(many, { [web]: { objects: all } });
    await many.want({ applications: { [web]: { objects: all.slice(0, 5) } } });
    await many.until(web, { sync: 'OutOfSync', reason: 'PruneBudgetExceeded' });
    expect(maps(many)).toHaveLength(50);
  });

  it('stays where its kind is protected, until a commit acknowledges it', async () => {
    const one = await rigUp();
    await run(one, { [web]: { objects: [configMap('a'), namespace('data')] } });
    await one.want({ applications: { [web]: { objects: [configMap('a')] } } });
    await one.until(web, { sync: 'OutOfSync', reason: 'ObjectProtected' });
    await one.want({
      applications: { [web]: { objects: [configMap('a')], entry: { acknowledged: { '/Namespace//data': commit } } } },
    });
    await one.until(web, { sync: 'InSync' });
    await one.eventually(() =>
      expect(one.api.find({ group: '', kind: 'Namespace', namespace: '', name: 'data' })).toBeUndefined(),
    );
  });

  it('stays within what the owner of the cluster allows, as a count and as a share, whatever is acknowledged', async () => {
    const all = Array.from({ length: 10 }, (_, n) => configMap(`c-${n}`));
    const acknowledged = Object.fromEntries(all.map(({ metadata }) => [`/ConfigMap/shop/${metadata.name}`, commit]));
    for (const pruneBudget of [2, '25%'] as const) {
      const one = await rigUp();
      one.policy = { ...one.policy, pruneBudget };
      await run(one, { [web]: { objects: all } });
      await one.want({ applications: { [web]: { objects: all.slice(3), entry: { acknowledged } } } });
      const status = await one.until(web, { sync: 'OutOfSync', reason: 'OwnerPolicyForbids' });
      expect(status.message).toContain(`allows ${pruneBudget}`);
      expect(maps(one)).toHaveLength(10);
      await run(one, { [web]: { objects: all.slice(2), entry: { acknowledged } } });
      await one.eventually(() => expect(maps(one)).toHaveLength(8));
    }
    const never = await rigUp();
    never.policy = { ...never.policy, pruneBudget: '0%' };
    await run(never, { [web]: { objects: all } });
    await never.want({ tombstones: [{ application: web, acknowledged }] });
    await never.until(web, { sync: 'OutOfSync', reason: 'OwnerPolicyForbids' });
    expect(maps(never)).toHaveLength(10);
  });

  it('that does not go is waited for a while, then named with what holds it, and its neighbours go', async () => {
    const one = await rigUp();
    await run(one, {
      [web]: {
        objects: [configMap('a'), configMap('b'), namespace('data'), configMap('in', {}, { namespace: 'data' })],
      },
    });
    const data = { group: '', kind: 'Namespace', namespace: '', name: 'data' };
    one.api.edit(data, (object) => ({
      ...object,
      metadata: { ...object.metadata, finalizers: ['example.com/backup'] },
    }));
    await one.until(web, { sync: 'InSync' });
    const entry = { acknowledged: { '/Namespace//data': commit } };
    await one.want({ applications: { [web]: { objects: [configMap('a')], entry } } });
    await one.eventually(() => expect(maps(one)).toEqual(['a']));
    await one.eventually(
      () => expect(one.status(web)).toMatchObject({ sync: 'OutOfSync', reason: 'ObjectTerminating' }),
      1000,
    );
    expect(one.status(web)?.message).toContain(
      '/Namespace//data: it is being deleted and waits for 1 finalizer: example.com/backup',
    );
    expect(deletes(one).filter((name) => name === 'data')).toEqual(['data']);
    one.api.edit(data, (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } }));
    await one.until(web, { sync: 'InSync' });
  });

  it('goes to another application of the team that has it now, without being touched in between', async () => {
    const one = await rigUp();
    await run(one, {
      [web]: { objects: [configMap('a'), configMap('moves')] },
      [other]: { objects: [configMap('o')] },
    });
    const uid = one.api.find(key('ConfigMap', 'moves'))?.metadata.uid;
    await run(one, {
      [web]: { objects: [configMap('a')] },
      [other]: { objects: [configMap('o'), configMap('moves')] },
    });
    await one.eventually(() =>
      expect(one.api.find(key('ConfigMap', 'moves'))?.metadata.annotations).toMatchObject({
        'fairlead.dev/application': other,
      }),
    );
    expect(one.api.find(key('ConfigMap', 'moves'))?.metadata.uid).toBe(uid);
    expect(deletes(one)).toEqual([]);
    await run(one, { [web]: { objects: [configMap('a')] }, [other]: { objects: [configMap('o')] } });
    await one.eventually(() => expect(maps(one)).toEqual(['a', 'o']));
  });
});

describe('an object', () => {
  it('belongs to one application; the second is told whose it is', async () => {
    const one = await rigUp();
    await run(one, { [web]: { objects: [configMap('a')] } });
    await one.want({
      applications: {
        [web]: { objects: [configMap('a')] },
        [stranger]: { objects: [configMap('a', { b: '2' }), configMap('mine')] },
      },
    });
    const status = await one.until(stranger, { sync: 'Failed', reason: 'ObjectTaken' });
    expect(status.message).toContain(web);
    expect(one.api.find(key('ConfigMap', 'a'))?.['data']).toEqual({ a: '1' });
    expect(maps(one)).toContain('mine');
  });

  it('of kind Namespace is shared, and goes with the last', async () => {
    const one = await rigUp();
    await run(one, {
      [web]: { objects: [namespace('both', { a: '1' }), configMap('a')] },
      [stranger]: { objects: [namespace('both', { b: '2' }), configMap('b')] },
    });
    const both = () => one.api.find({ group: '', kind: 'Namespace', namespace: '', name: 'both' });
    expect(both()?.metadata.labels).toEqual({ 'fairlead.dev/application': 'shared', a: '1', b: '2' });
    const acknowledged = { '/Namespace//both': commit };
    await one.want({
      applications: {
        [web]: { objects: [configMap('a')], entry: { acknowledged } },
        [stranger]: { objects: [namespace('both', { b: '2' }), configMap('b')] },
      },
    });
    await one.eventually(() =>
      expect(both()?.metadata.labels).toEqual({ 'fairlead.dev/application': 'shared', b: '2' }),
    );
    await one.want({
      applications: { [web]: { objects: [configMap('a')] } },
      tombstones: [{ application: stranger, acknowledged }],
    });
    await one.eventually(() => expect(both()).toBeUndefined());
    expect(maps(one)).toEqual(['a']);
  });

  it('that ran to its end may vanish without being drift', async () => {
    const one = await rigUp();
    const job: KubeObject = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate' },
      spec: { template: { spec: {} } },
    };
    await run(one, { [web]: { objects: [configMap('a'), job] } });
    const migrate = key('Job', 'migrate', { group: 'batch' });
    one.api.edit(
      migrate,
      (object) => ({ ...object, status: { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] } }),
      { manager: 'kube-controller-manager', subresource: 'status' },
    );
    await one.until(web, { sync: 'InSync', health: 'Healthy' });
    one.api.remove(migrate);
    await one.restart();
    await one.until(web, { sync: 'InSync', health: 'Healthy' });
    expect(one.api.find(migrate)).toBeUndefined();
    expect(one.drifts).toEqual([]);
  });
});

describe('an application that leaves', () => {
  it('takes its custom resources with it though their definition went before them', async () => {
    const one = await rigUp();
    const spec = { group: 'example.dev', scope: 'Namespaced', names: { kind: 'Boat', plural: 'boats' } };
    const versions = [{ name: 'v1', served: true, storage: true }];
    const key = {
      group: 'apiextensions.k8s.io',
      kind: 'CustomResourceDefinition',
      namespace: '',
      name: 'boats.example.dev',
    };
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: key.kind,
      metadata: { name: key.name },
      spec: { ...spec, versions },
    };
    await run(one, {
      [web]: {
        objects: [crd, { apiVersion: 'example.dev/v1', kind: 'Boat', metadata: { name: 'ada' } }, configMap('a')],
      },
    });
    await one.crew.stop();
    one.api.remove(key);
    await one.restart({ cleanly: false });
    const acknowledged = { 'apiextensions.k8s.io/CustomResourceDefinition//boats.example.dev': commit };
    await one.want({ tombstones: [{ application: web, acknowledged }] });
    await one.eventually(() => expect(one.status(web)).toBeUndefined(), 1000);
    expect(maps(one)).toEqual([]);
  });

  it('takes with it what it made, and its inventory', async () => {
    const one = await rigUp();
    await run(one, { [web]: { objects: [configMap('a'), configMap('b')] }, [other]: { objects: [configMap('o')] } });
    await one.want({ applications: { [other]: { objects: [configMap('o')] } }, tombstones: [{ application: web }] });
    await one.eventually(() => expect(one.status(web)).toBeUndefined());
    expect(maps(one)).toEqual(['o']);
    expect(ownSecrets(one).filter((name) => name.startsWith('fairlead-inventory'))).toHaveLength(1);
    expect(one.api.find({ group: '', kind: 'Namespace', namespace: '', name: agentNamespace })).toBeDefined();
  });

  it('without a word of the hub stays as it is, and is shown', async () => {
    const one = await rigUp();
    await run(one, { [web]: { objects: [configMap('a')] } });
    await one.want({});
    await one.until(web, { sync: 'Held', reason: 'Orphaned' });
    one.api.remove(key('ConfigMap', 'a'));
    await one.restart();
    await one.until(web, { sync: 'Held', reason: 'Orphaned' });
    expect(deletes(one)).toEqual([]);
  });
});

describe('an agent that is killed between any two calls', () => {
  it('comes to the same objects, deletes nothing that is wanted, and writes nothing twice that it knows of', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 14 }), { minLength: 1, maxLength: 4 }), async (kills) => {
        const one = await rigUp();
        const objects = [configMap('a'), configMap('b'), configMap('c'), deployment('web'), namespace('extra')];
        for (const [nth, after] of kills.entries()) {
          const wanted = nth % 2 === 0 ? objects : objects.slice(0, 4);
          const dead = one.killAfter(after);
          await one.want({ applications: { [web]: { objects: wanted } } }).catch(() => undefined);
          await dead;
          await one.restart({ cleanly: false });
        }
        const entry = { acknowledged: { '/Namespace//extra': commit } };
        await one.want({ applications: { [web]: { objects: objects.slice(1, 4), entry } } });
        await one.until(web, { sync: 'InSync', objects: 3 });
        expect(maps(one)).toEqual(['b', 'c']);
        expect(one.api.find(key('Deployment', 'web', { group: 'apps' }))).toBeDefined();
        expect(deletes(one).filter((name) => ['b', 'c', 'web'].includes(name))).toEqual([]);
        await one.stop();
      }),
      { numRuns: 25 },
    );
  });
});
