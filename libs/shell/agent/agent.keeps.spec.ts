import type { ApplicationId } from '@fairlead/core/model';
import { describe, expect, it } from 'vitest';
import { agentNamespace, configMap, deployment, key, rigUp, type Rig } from './rig/rig.harness.ts';

const web = 'default/web' as ApplicationId;

describe('an application', () => {
  it('is applied as its service account, with label, annotation and namespace', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a'), deployment('web')] } } });
    await one.until(web, { sync: 'InSync' });
    const found = one.api.find(key('ConfigMap', 'a'));
    expect(found?.metadata.labels).toMatchObject({
      'fairlead.dev/application': expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(found?.metadata.annotations).toMatchObject({ 'fairlead.dev/application': web });
    expect(one.writes().map(({ identity }) => identity)).toEqual([
      { as: 'serviceAccount', namespace: agentNamespace, name: 'fairlead-applier' },
      { as: 'serviceAccount', namespace: agentNamespace, name: 'fairlead-web' },
      { as: 'serviceAccount', namespace: agentNamespace, name: 'fairlead-web' },
    ]);
    const status = one.status(web);
    expect(status).toMatchObject({ objects: 2, drift: 'None', reason: expect.any(String) });
  });

  it('costs no call where nothing changed, also after a restart', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a'), configMap('b')] } } });
    await one.until(web, { sync: 'InSync', health: 'Healthy' });
    await one.quiet();
    const before = one.api.calls.length;
    one.crew.wake();
    await one.quiet();
    expect(one.api.calls.slice(before)).toEqual([]);
    const healthyForMs = one.status(web)?.healthyForMs ?? 0;
    await one.restart();
    await one.until(web, { sync: 'InSync', health: 'Healthy' });
    expect(one.status(web)?.healthyForMs).toBeGreaterThanOrEqual(healthyForMs);
    const after = one.api.calls.slice(before).filter(({ verb }) => verb !== 'watch' && verb !== 'list');
    expect(after).toEqual([]);
  });

  it('sends what changed and nothing else', async () => {
    const one = await rigUp();
    const others = Array.from({ length: 20 }, (_, n) => configMap(`c-${n}`));
    await one.want({ applications: { [web]: { objects: [configMap('a'), ...others] } } });
    await one.until(web, { sync: 'InSync' });
    const before = one.api.calls.length;
    await one.want({ applications: { [web]: { objects: [configMap('a', { a: '2' }), ...others] } } });
    await one.eventually(() => expect(one.api.find(key('ConfigMap', 'a'))?.['data']).toEqual({ a: '2' }));
    await one.until(web, { sync: 'InSync' });
    const writes = one.api.calls.slice(before).filter(({ verb }) => verb === 'apply');
    expect(writes).toHaveLength(1);
  });

  it('goes on with its neighbours where one object is refused, and names it', async () => {
    const one = await rigUp({ mayDo: ({ verb, key }) => !(verb === 'apply' && key.name === 'bad') });
    await one.want({ applications: { [web]: { objects: [configMap('a'), configMap('bad'), configMap('z')] } } });
    const status = await one.until(web, { sync: 'Failed' });
    expect(one.api.find(key('ConfigMap', 'z'))).toBeDefined();
    expect(status).toMatchObject({ reason: 'Forbidden', problems: [{ key: { name: 'bad' }, reason: 'Forbidden' }] });
    expect(status.message).toContain('fairlead-web');
  });

  it('counts no object as healthy whose newest manifest is refused', async () => {
    let isRefused = false;
    const one = await rigUp({ mayDo: ({ verb, key }) => !(isRefused && verb === 'apply' && key.name === 'a') });
    await one.want({ applications: { [web]: { objects: [configMap('a'), configMap('b')] } } });
    await one.until(web, { sync: 'InSync', health: 'Healthy', healthyObjects: 2 });
    isRefused = true;
    await one.want({ applications: { [web]: { objects: [configMap('a', { a: '2' }), configMap('b')] } } });
    expect(await one.until(web, { sync: 'Failed' })).toMatchObject({ objects: 2, healthyObjects: 1 });
  });

  it('waits for the health of a stage before the next', async () => {
    const one = await rigUp();
    const late = configMap('late', {}, { annotations: { 'fairlead.dev/stage': '1' } });
    await one.want({ applications: { [web]: { objects: [deployment('web'), late] } } });
    await one.until(web, { sync: 'Applying', reason: 'StageWaits' });
    expect(one.api.find(key('ConfigMap', 'late'))).toBeUndefined();
    makeReady(one, 'web');
    await one.until(web, { sync: 'InSync', health: 'Healthy' });
    expect(one.api.find(key('ConfigMap', 'late'))).toBeDefined();
  });

  it('applies a custom resource as soon as its definition is established', async () => {
    const one = await rigUp({ establishCrds: false });
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.example.dev' },
      spec: {
        group: 'example.dev',
        scope: 'Namespaced',
        names: { kind: 'Boat', plural: 'boats' },
        versions: [{ name: 'v1', served: true, storage: true }],
      },
    };
    const boat = { apiVersion: 'example.dev/v1', kind: 'Boat', metadata: { name: 'ada' }, spec: {} };
    await one.want({ applications: { [web]: { objects: [crd, boat, configMap('a')] } } });
    await one.until(web, { sync: 'Applying', reason: 'KindUnknown' });
    expect(one.api.find(key('ConfigMap', 'a'))).toBeUndefined();
    one.api.edit(
      { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition', namespace: '', name: 'boats.example.dev' },
      (object) => ({
        ...object,
        status: {
          conditions: [
            { type: 'NamesAccepted', status: 'True' },
            { type: 'Established', status: 'True' },
          ],
        },
      }),
      { manager: 'kube-apiserver', subresource: 'status' },
    );
    await one.until(web, { sync: 'InSync' });
    expect(one.api.find(key('Boat', 'ada', { group: 'example.dev' }))).toBeDefined();
  });

  it('goes on with its neighbours where a definition will never be established', async () => {
    const one = await rigUp({ establishCrds: false });
    const spec = { group: 'example.dev', scope: 'Namespaced', names: { kind: 'Boat', plural: 'boats' } };
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.example.dev' },
      spec: { ...spec, versions: [{ name: 'v1', served: true, storage: true }] },
    };
    await one.want({ applications: { [web]: { objects: [crd, configMap('a')] } } });
    await one.until(web, { sync: 'Applying', reason: 'StageWaits' });
    one.api.edit(
      { group: 'apiextensions.k8s.io', kind: crd.kind, namespace: '', name: crd.metadata.name },
      (object) => ({
        ...object,
        status: { conditions: [{ type: 'NamesAccepted', status: 'False', reason: 'KindConflict', message: 'taken' }] },
      }),
      { manager: 'kube-apiserver', subresource: 'status' },
    );
    await one.until(web, { sync: 'InSync', health: 'Degraded' });
    expect(one.api.find(key('ConfigMap', 'a'))).toBeDefined();
  });

  it('applies a custom resource as soon as somebody else brings its definition', async () => {
    const one = await rigUp();
    const boat = { apiVersion: 'example.dev/v1', kind: 'Boat', metadata: { name: 'ada' }, spec: {} };
    await one.want({ applications: { [web]: { objects: [configMap('a'), boat] } } });
    const status = await one.until(web, { sync: 'Failed', reason: 'KindUnknown' });
    expect(status.message).toContain('example.dev/Boat//ada');
    // Long enough for the pause of the object to be a minute.
    for (let minute = 0; minute < 12; minute += 1) await one.eventually(() => undefined, 60_000);
    const lookedUp = one.clock.now();
    const spec = { group: 'example.dev', scope: 'Namespaced', names: { kind: 'Boat', plural: 'boats' } };
    const versions = [{ name: 'v1', served: true, storage: true }];
    await one.api.create(
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'boats.example.dev' },
        spec: { ...spec, versions },
      },
      { identity: { as: 'self' } },
    );
    await one.eventually(() => expect(one.api.find(key('Boat', 'ada', { group: 'example.dev' }))).toBeDefined());
    expect(one.clock.now() - lookedUp).toBeLessThan(10_000);
    await one.until(web, { sync: 'InSync' });
    // Nobody listens any longer than that.
    await one.quiet();
    const calls = one.api.calls.length;
    await one.api.create(
      {
        ...boat,
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'x.example.dev' },
      },
      { identity: { as: 'self' } },
    );
    await one.quiet();
    expect(
      one.api.calls.slice(calls).filter(({ identity, verb }) => identity.as !== 'self' || verb !== 'create'),
    ).toEqual([]);
  });

  it('keeps to what its team and the owner of the cluster allow', async () => {
    const one = await rigUp();
    one.policy = { ...one.policy, denyKinds: ['Secret'] };
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'fairlead-agent' },
      rules: [],
    };
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: {} };
    const team = { namespaces: ['shop'], allowKinds: [], denyKinds: ['Deployment'] };
    await one.want({
      applications: {
        [web]: {
          objects: [
            configMap('a'),
            configMap('b', {}, { namespace: 'other' }),
            configMap('c', {}, { namespace: agentNamespace }),
            deployment('d'),
            role,
            secret,
          ],
          entry: { team },
        },
      },
    });
    const status = await one.until(web, { sync: 'Failed' });
    const reasons = Object.fromEntries(status.problems.map(({ key: { name }, reason }) => [name, reason]));
    expect(reasons).toMatchObject({
      b: 'TeamForbids',
      c: 'OwnerPolicyForbids',
      d: 'TeamForbids',
      'fairlead-agent': 'OwnerPolicyForbids',
      s: 'OwnerPolicyForbids',
    });
    expect(one.api.objects({ group: '', kind: 'ConfigMap' }).map(({ metadata }) => metadata.name)).toEqual(['a']);
  });
});

describe('what another hand does', () => {
  it('a deleted object comes back, and is reported', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a')] } } });
    await one.until(web, { sync: 'InSync' });
    one.api.remove(key('ConfigMap', 'a'));
    await one.eventually(() => expect(one.api.find(key('ConfigMap', 'a'))).toBeDefined());
    await one.eventually(() =>
      expect(one.drifts).toMatchObject([{ kind: 'Deleted', outcome: 'Corrected', key: { name: 'a' } }]),
    );
    await one.until(web, { sync: 'InSync', drift: 'Corrected' });
  });

  it('a changed field is put right, with pointer, values and manager', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [deployment('web'), configMap('a')] } } });
    await one.until(web, { sync: 'InSync' });
    one.api.edit(key('Deployment', 'web', { group: 'apps' }), (object) => ({
      ...object,
      spec: { ...(object['spec'] as object), replicas: 7 },
    }));
    one.api.edit(key('ConfigMap', 'a'), (object) => ({ ...object, data: { a: 'x' } }), { manager: 'someone' });
    await one.eventually(() => expect(one.drifts).toHaveLength(2));
    expect(one.drifts).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          pointer: '/spec/replicas',
          wanted: '2',
          found: '7',
          manager: 'kubectl-edit',
          outcome: 'Corrected',
        }),
        expect.objectContaining({
          pointer: '/data/a',
          wanted: '"1"',
          found: '"x"',
          manager: 'someone',
          kind: 'Changed',
        }),
      ]),
    );
    expect(one.api.find(key('Deployment', 'web', { group: 'apps' }))?.['spec']).toMatchObject({ replicas: 2 });
  });

  it('a removed label is put back', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a')] } } });
    await one.until(web, { sync: 'InSync' });
    one.api.edit(key('ConfigMap', 'a'), (object) => ({ ...object, metadata: { ...object.metadata, labels: {} } }));
    await one.eventually(() => expect(one.drifts).toMatchObject([{ kind: 'Unlabelled', outcome: 'Corrected' }]));
    expect(one.api.find(key('ConfigMap', 'a'))?.metadata.labels).toHaveProperty(['fairlead.dev/application']);
  });

  it('is only reported where the application says so, once, and nothing is written', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a')], sync: { drift: 'Report' } } } });
    await one.until(web, { sync: 'InSync' });
    const before = one.writes().length;
    one.api.edit(key('ConfigMap', 'a'), (object) => ({ ...object, data: { a: 'x' } }));
    await one.until(web, { sync: 'OutOfSync', drift: 'Present' });
    one.crew.wake();
    await one.eventually(() => expect(one.drifts).toMatchObject([{ pointer: '/data/a', outcome: 'Reported' }]));
    expect(one.writes()).toHaveLength(before);
  });

  it('is fought with growing pauses', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a')] } } });
    await one.until(web, { sync: 'InSync' });
    const spoil = () =>
      one.api.edit(key('ConfigMap', 'a'), (object) => ({ ...object, data: { a: `x${one.clock.now()}` } }));
    for (let times = 1; times <= 3; times += 1) {
      spoil();
      await one.eventually(() =>
        expect(one.drifts.filter(({ outcome }) => outcome === 'Corrected')).toHaveLength(times),
      );
    }
    spoil();
    await one.until(web, { drift: 'Fighting', sync: 'OutOfSync' });
    await one.eventually(() => expect(one.drifts.at(-1)).toMatchObject({ outcome: 'Damped' }));
    await one.eventually(
      () => expect(one.drifts.filter(({ outcome }) => outcome === 'Corrected')).toHaveLength(4),
      1000,
    );
    expect(one.api.find(key('ConfigMap', 'a'))?.['data']).toEqual({ a: '1' });
  });

  it('while the agent was away is found when it comes back', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a'), configMap('b'), deployment('web')] } } });
    await one.until(web, { sync: 'InSync' });
    await one.crew.stop();
    one.api.remove(key('ConfigMap', 'a'));
    one.api.edit(key('ConfigMap', 'b'), (object) => ({ ...object, data: { a: 'x' } }));
    one.drifts.length = 0;
    await one.restart();
    await one.eventually(() => expect(one.drifts.map(({ kind }) => kind).sort()).toEqual(['Changed', 'Deleted']));
    expect(one.api.find(key('ConfigMap', 'b'))?.['data']).toEqual({ a: '1' });
  });

  it('on ignored fields is left alone', async () => {
    const one = await rigUp();
    const ignore = [{ target: { kind: 'Deployment' }, pointers: ['/spec/replicas'] }];
    await one.want({ applications: { [web]: { objects: [deployment('web')], ignore } } });
    await one.until(web, { sync: 'InSync' });
    const scale = (replicas: number) =>
      one.api.edit(
        key('Deployment', 'web', { group: 'apps' }),
        (object) => ({ ...object, spec: { ...(object['spec'] as object), replicas } }),
        { manager: 'hpa' },
      );
    scale(9);
    await one.want({
      applications: { [web]: { objects: [deployment('web', { replicas: 2, minReadySeconds: 3 })], ignore } },
    });
    await one.eventually(() =>
      expect(one.api.find(key('Deployment', 'web', { group: 'apps' }))?.['spec']).toMatchObject({ minReadySeconds: 3 }),
    );
    await one.until(web, { sync: 'InSync' });
    expect(one.api.find(key('Deployment', 'web', { group: 'apps' }))?.['spec']).toMatchObject({ replicas: 9 });
    expect(one.drifts).toEqual([]);
  });
});

function makeReady(one: Rig, name: string): void {
  one.api.edit(
    key('Deployment', name, { group: 'apps' }),
    (object) => ({
      ...object,
      status: {
        observedGeneration: object.metadata.generation,
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
        conditions: [{ type: 'Available', status: 'True' }],
      },
    }),
    { manager: 'kube-controller-manager', subresource: 'status' },
  );
}
