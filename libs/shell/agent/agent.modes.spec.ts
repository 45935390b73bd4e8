import type { ApplicationId, CommitSha, KubeObject } from '@fairlead/core/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configMap, deployment, key, rigUp, type Rig, type TestApplication } from './rig/rig.harness.ts';

const web = 'default/web' as ApplicationId;
const commit = '3'.repeat(40) as CommitSha;
const annotated = (word: string, value: string, more: Partial<KubeObject['metadata']> = {}) => ({
  annotations: { [`fairlead.dev/${word}`]: value },
  ...more,
});
const run = async (one: Rig, objects: readonly KubeObject[], more: Partial<TestApplication> = {}): Promise<void> => {
  await one.want({ applications: { [web]: { objects, ...more } } });
  await one.until(web, { sync: 'InSync', objects: objects.length });
};
const asPerson = { identity: { as: 'self' } } as const;
const dataOf = (one: Rig, name: string) => one.api.find(key('ConfigMap', name))?.['data'];
const deletes = (one: Rig): string[] =>
  one.api.calls
    .filter(({ verb, identity }) => verb === 'delete' && identity.as !== 'self')
    .map(({ key: { name } }) => name);
const callsSince = (one: Rig, before: number): string[] =>
  one.api.calls.slice(before).map(({ verb, key: { kind, name } }) => `${verb} ${kind} ${name}`);

describe('an object that is only created', () => {
  const only = (data: Record<string, string>) => configMap('once', data, annotated('apply', 'CreateOnly'));

  it('is made where it is missing, and never changed', async () => {
    const one = await rigUp();
    await run(one, [configMap('a'), only({ a: '1' })]);
    one.api.edit(key('ConfigMap', 'once'), (object) => ({ ...object, data: { mine: 'x' } }));
    await run(one, [configMap('a', { a: '2' }), only({ a: '2' })]);
    await one.eventually(() => expect(dataOf(one, 'a')).toEqual({ a: '2' }));
    await one.quiet();
    expect(dataOf(one, 'once')).toEqual({ mine: 'x' });
    expect(one.drifts).toEqual([]);
    one.api.remove(key('ConfigMap', 'once'));
    await one.eventually(() => expect(dataOf(one, 'once')).toEqual({ a: '2' }));
  });

  it('is left as it is where it was there before, costs no call later, and stays when it leaves', async () => {
    const one = await rigUp();
    const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
    await one.api.create(namespace, asPerson);
    await one.api.create(configMap('once', { theirs: '1' }, { namespace: 'shop' }), asPerson);
    const before = one.api.find(key('ConfigMap', 'once'));
    await run(one, [configMap('a'), only({ a: '1' })]);
    expect(await one.until(web, { health: 'Healthy' })).toMatchObject({ healthyObjects: 2 });
    await one.quiet();
    const calls = one.api.calls.length;
    one.crew.wake();
    await one.quiet();
    expect(callsSince(one, calls)).toEqual([]);
    await run(one, [configMap('a')]);
    await one.quiet();
    expect(one.api.find(key('ConfigMap', 'once'))).toEqual(before);
  });

  it('is deleted when it leaves, where it was made here', async () => {
    const one = await rigUp();
    await run(one, [configMap('a'), only({ a: '1' })]);
    await run(one, [configMap('a')]);
    await one.eventually(() => expect(dataOf(one, 'once')).toBeUndefined());
  });
});

describe('an object that is ignored', () => {
  const ignored = (data: Record<string, string>) => configMap('left', data, annotated('apply', 'Ignore'));

  it('is neither made, changed nor deleted, and counts for nothing', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a'), ignored({ a: '1' })] } } });
    await one.until(web, { sync: 'InSync', health: 'Healthy', objects: 1 });
    await one.quiet();
    expect(dataOf(one, 'left')).toBeUndefined();
    expect(callsSince(one, 0).filter((call) => call.includes('left'))).toEqual([]);
  });

  it('stays as it was when it is ignored from now on, and when it leaves the bundle then', async () => {
    const one = await rigUp();
    await run(one, [configMap('a'), configMap('left', { a: '1' })]);
    await one.want({ applications: { [web]: { objects: [configMap('a'), ignored({ a: '2' })] } } });
    await one.until(web, { sync: 'InSync', objects: 1 });
    one.api.edit(key('ConfigMap', 'left'), (object) => ({ ...object, data: { mine: 'x' } }));
    await one.quiet();
    expect(dataOf(one, 'left')).toEqual({ mine: 'x' });
    await one.restart();
    await run(one, [configMap('a')]);
    await one.eventually(() => expect(one.api.find(key('ConfigMap', 'left'))?.metadata.labels ?? {}).toEqual({}));
    expect(dataOf(one, 'left')).toEqual({ mine: 'x' });
    expect(deletes(one)).toEqual([]);
  });
});

describe('an object that may be made anew', () => {
  const selector = (app: string) => ({ replicas: 2, selector: { matchLabels: { app } } });
  const again = (app: string, more: Partial<KubeObject['metadata']> = {}) =>
    deployment('web', selector(app), annotated('apply', 'Recreate', more));
  const at = key('Deployment', 'web', { group: 'apps' });
  const selectorOf = (one: Rig) => one.api.find(at)?.['spec'] as { selector?: object } | undefined;

  it('is refused without that word, and nothing is deleted', async () => {
    const one = await rigUp();
    await run(one, [configMap('a'), deployment('web', selector('a'))]);
    await one.want({ applications: { [web]: { objects: [configMap('a'), deployment('web', selector('b'))] } } });
    const status = await one.until(web, { sync: 'Failed', reason: 'ApplyFailed' });
    expect(status.message).toContain('spec.selector');
    expect(deletes(one)).toEqual([]);
  });

  it('is deleted by its UID and made anew where a field cannot be changed, and its neighbours stay', async () => {
    const one = await rigUp();
    await run(one, [configMap('a'), again('a')]);
    const uid = one.api.find(at)?.metadata.uid;
    await run(one, [configMap('a'), again('b')]);
    expect(selectorOf(one)).toMatchObject({ selector: { matchLabels: { app: 'b' } } });
    expect(one.api.find(at)?.metadata.uid).not.toBe(uid);
    expect(deletes(one)).toEqual(['web']);
    expect(one.drifts).toEqual([]);
    // It is still ours to delete.
    await run(one, [configMap('a')]);
    await one.eventually(() => expect(one.api.find(at)).toBeUndefined());
  });

  it('is changed in place where that is possible', async () => {
    const one = await rigUp();
    await run(one, [again('a')]);
    await run(one, [deployment('web', { ...selector('a'), replicas: 5 }, annotated('apply', 'Recreate'))]);
    await one.eventually(() => expect(one.api.find(at)?.['spec']).toMatchObject({ replicas: 5 }));
    expect(deletes(one)).toEqual([]);
  });

  it('waits for its finalizers, by name, and comes when they are done', async () => {
    const one = await rigUp();
    await run(one, [configMap('a'), again('a')]);
    one.api.edit(at, (object) => ({
      ...object,
      metadata: { ...object.metadata, finalizers: ['example.com/backup'] },
    }));
    await one.want({ applications: { [web]: { objects: [configMap('a', { a: '2' }), again('b')] } } });
    const status = await one.until(web, { sync: 'Applying', reason: 'Recreating' });
    expect(status.message).toContain('example.com/backup');
    expect(status.health).not.toBe('Healthy');
    expect(dataOf(one, 'a')).toEqual({ a: '2' });
    const doneMs = one.clock.now();
    one.api.edit(at, (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } }));
    await one.until(web, { sync: 'InSync' });
    expect(one.clock.now() - doneMs).toBeLessThan(5000);
    expect(selectorOf(one)).toMatchObject({ selector: { matchLabels: { app: 'b' } } });
    expect(deletes(one)).toEqual(['web']);
    expect(one.drifts).toEqual([]);
  });

  it('comes back after a restart that fell between its deletion and its return', async () => {
    const one = await rigUp();
    await run(one, [again('a')]);
    one.api.edit(at, (object) => ({ ...object, metadata: { ...object.metadata, finalizers: ['example.com/backup'] } }));
    await one.want({ applications: { [web]: { objects: [again('b')] } } });
    await one.until(web, { reason: 'Recreating' });
    await one.crew.stop();
    one.api.edit(at, (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } }));
    await one.restart();
    await one.until(web, { sync: 'InSync' });
    expect(selectorOf(one)).toMatchObject({ selector: { matchLabels: { app: 'b' } } });
  });

  it('stays where the owner of the cluster lets nothing go, and where it existed before', async () => {
    const strict = await rigUp();
    strict.policy = { ...strict.policy, pruneBudget: 0 };
    await run(strict, [again('a')]);
    await strict.want({ applications: { [web]: { objects: [again('b')] } } });
    const status = await strict.until(web, { sync: 'Failed', reason: 'OwnerPolicyForbids' });
    expect(status.message).toContain("cluster's owner");
    expect(deletes(strict)).toEqual([]);

    const adopts = await rigUp();
    await adopts.api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, asPerson);
    await adopts.api.create(deployment('web', selector('a'), { namespace: 'shop' }), asPerson);
    await adopts.want({ applications: { [web]: { objects: [again('b')] } } });
    const { message } = await adopts.until(web, { sync: 'Failed', reason: 'NotProvablyOurs' });
    expect(message).toContain('apps/Deployment/shop/web');
    expect(deletes(adopts)).toEqual([]);
  });

  it('of a protected kind stays until a commit acknowledges it', async () => {
    const one = await rigUp();
    const claim = (mode: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', ...annotated('apply', 'Recreate') },
      spec: { accessModes: [mode] },
    });
    await one.want({ applications: { [web]: { objects: [claim('ReadWriteOnce')] } } });
    await one.until(web, { sync: 'InSync' });
    await one.want({ applications: { [web]: { objects: [claim('ReadWriteMany')] } } });
    const { message } = await one.until(web, { sync: 'Failed', reason: 'ObjectProtected' });
    expect(message).toContain('/PersistentVolumeClaim/shop/data');
    expect(deletes(one)).toEqual([]);
    const entry = { acknowledged: { '/PersistentVolumeClaim/shop/data': commit } };
    await one.want({ applications: { [web]: { objects: [claim('ReadWriteMany')], entry } } });
    await one.until(web, { sync: 'InSync' });
    expect(one.api.find(key('PersistentVolumeClaim', 'data'))?.['spec']).toEqual({ accessModes: ['ReadWriteMany'] });
  });

  it('is deleted once only for a manifest that is refused even then', async () => {
    const one = await rigUp();
    await run(one, [again('a')]);
    const uids = new Set<unknown>();
    const stop = one.api.intercept(({ verb, key: { name } }) => {
      if (name !== 'web') return;
      uids.add(one.api.find(at)?.metadata.uid);
      // Another hand keeps making it as it was.
      if (verb !== 'apply' || one.api.find(at)) return;
      return void one.api.create(deployment('web', selector('a'), { namespace: 'shop' }), asPerson);
    });
    await one.want({ applications: { [web]: { objects: [again('b')] } } });
    await one.until(web, { sync: 'Failed', reason: 'ApplyFailed' });
    for (let minute = 0; minute < 10; minute += 1) await one.eventually(() => undefined, 60_000);
    expect(deletes(one)).toEqual(['web']);
    stop();
  });
});

describe('a Job that runs once', () => {
  const job = (image: string, more: Record<string, string> = {}): KubeObject => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'migrate',
      annotations: { 'fairlead.dev/run': 'once', 'fairlead.dev/stage': '-1', ...more },
    },
    spec: { template: { spec: { containers: [{ name: 'main', image }], restartPolicy: 'Never' } } },
  });
  const at = key('Job', 'migrate', { group: 'batch' });
  const end = (one: Rig, type: 'Complete' | 'Failed') =>
    one.api.edit(at, (object) => ({ ...object, status: { conditions: [{ type, status: 'True' }] } }), {
      manager: 'kube-controller-manager',
      subresource: 'status',
    });
  const want = (one: Rig, image: string, data: Record<string, string>) =>
    one.want({ applications: { [web]: { objects: [job(image), configMap('a', data)] } } });
  const imageOf = (one: Rig) => JSON.stringify(one.api.find(at)?.['spec']);

  it('is waited for by the stage after it', async () => {
    const one = await rigUp();
    await want(one, 'v1', { a: '1' });
    await one.until(web, { sync: 'Applying', reason: 'StageWaits' });
    expect(dataOf(one, 'a')).toBeUndefined();
    end(one, 'Complete');
    await one.until(web, { sync: 'InSync', health: 'Healthy' });
    expect(dataOf(one, 'a')).toEqual({ a: '1' });
  });

  it('that failed holds the stage after it, and does not run again by itself', async () => {
    const one = await rigUp();
    await want(one, 'v1', { a: '1' });
    await one.until(web, { reason: 'StageWaits' });
    end(one, 'Failed');
    await one.until(web, { sync: 'Applying', reason: 'StageWaits', health: 'Degraded' });
    one.api.remove(at);
    await one.quiet();
    expect(one.api.find(at)).toBeUndefined();
    expect(dataOf(one, 'a')).toBeUndefined();
    await one.until(web, { health: 'Degraded' });
  });

  it('does not run again for another bundle, though it is gone since, and does for another manifest', async () => {
    const one = await rigUp();
    await want(one, 'v1', { a: '1' });
    await one.until(web, { reason: 'StageWaits' });
    end(one, 'Complete');
    await one.until(web, { sync: 'InSync' });
    one.api.remove(at);
    await one.restart();
    await want(one, 'v1', { a: '2' });
    await one.eventually(() => expect(dataOf(one, 'a')).toEqual({ a: '2' }));
    await one.until(web, { sync: 'InSync', health: 'Healthy' });
    expect(one.api.find(at)).toBeUndefined();
    await want(one, 'v2', { a: '3' });
    await one.eventually(() => expect(imageOf(one)).toContain('v2'));
    expect(dataOf(one, 'a')).toEqual({ a: '2' });
    end(one, 'Complete');
    await one.eventually(() => expect(dataOf(one, 'a')).toEqual({ a: '3' }));
  });

  it('is made anew for another manifest when the run before has ended, and not before', async () => {
    const one = await rigUp();
    await want(one, 'v1', { a: '1' });
    await one.until(web, { reason: 'StageWaits' });
    await want(one, 'v2', { a: '2' });
    const status = await one.until(web, { sync: 'Applying', reason: 'StillRunning' });
    expect(status.message).toContain('batch/Job/shop/migrate');
    expect(imageOf(one)).toContain('v1');
    end(one, 'Failed');
    await one.eventually(() => expect(imageOf(one)).toContain('v2'));
    expect(deletes(one)).toEqual(['migrate']);
    end(one, 'Complete');
    await one.until(web, { sync: 'InSync', health: 'Healthy' });
    expect(one.drifts).toEqual([]);
  });
});

describe('an object that is to be orphaned', () => {
  it('is released where it leaves the bundle, and where the application leaves', async () => {
    const one = await rigUp();
    const orphan = (name: string) => configMap(name, { a: '1' }, annotated('prune', 'Orphan'));
    await run(one, [configMap('a'), orphan('first'), orphan('second')]);
    await run(one, [configMap('a'), orphan('second')]);
    await one.want({ tombstones: [{ application: web }] });
    await one.eventually(() => expect(one.status(web)).toBeUndefined());
    for (const name of ['first', 'second']) {
      const left = one.api.find(key('ConfigMap', name));
      expect(left?.['data']).toEqual({ a: '1' });
      expect(left?.metadata.labels ?? {}).toEqual({});
    }
    expect(deletes(one)).toEqual(['a']);
  });
});

describe('a second pass', () => {
  const modes = [
    {},
    annotated('apply', 'CreateOnly'),
    annotated('apply', 'Recreate'),
    annotated('apply', 'Ignore'),
    annotated('prune', 'Orphan'),
  ];
  const object = fc.record({
    kind: fc.constantFrom('ConfigMap', 'Deployment', 'Secret'),
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    mode: fc.constantFrom(...modes),
    stage: fc.constantFrom('', '1'),
    existed: fc.boolean(),
  });
  const objectOf = (one: {
    kind: string;
    name: string;
    mode: Partial<KubeObject['metadata']>;
    stage: string;
  }): KubeObject => {
    const annotations = { ...one.mode.annotations, ...(one.stage === '' ? {} : { 'fairlead.dev/stage': one.stage }) };
    // What has a health of its own stands in the last stage, for nobody makes it healthy here.
    if (one.kind === 'Deployment')
      return deployment(one.name, { replicas: 0 }, { annotations: { ...annotations, 'fairlead.dev/stage': '2' } });
    return { ...configMap(one.name, {}, { annotations }), kind: one.kind };
  };

  it('is empty, whatever the bundle holds and whatever existed before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(object, { selector: ({ kind, name }) => `${kind}/${name}`, minLength: 1, maxLength: 8 }),
        async (list) => {
          const one = await rigUp();
          try {
            await one.api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, asPerson);
            for (const each of list.filter(({ existed }) => existed)) {
              const there = objectOf(each);
              await one.api.create({ ...there, metadata: { name: each.name, namespace: 'shop' } }, asPerson);
            }
            await one.want({ applications: { [web]: { objects: list.map(objectOf) } } });
            await one.until(web, { sync: 'InSync' });
            await one.quiet();
            const before = one.api.calls.length;
            one.crew.wake();
            await one.quiet();
            expect(callsSince(one, before)).toEqual([]);
          } finally {
            await one.stop();
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});
