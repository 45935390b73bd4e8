import { FairleadError, type ApplicationId, type KubeObject } from '@fairlead/core/model';
import { describe, expect, it } from 'vitest';
import { agentNamespace, configMap, key, rigUp, type Rig } from './rig/rig.harness.ts';

const web = 'default/web' as ApplicationId;
const maps = (one: Rig): string[] =>
  one.api.objects({ group: '', kind: 'ConfigMap' }).map(({ metadata }) => metadata.name ?? '');
const away = () =>
  new FairleadError('Cannot reach it', { code: 'Unavailable', reason: 'ApiServerUnreachable', retry: 'backoff' });

describe('an agent goes on', () => {
  it('when the API server fails for a minute, without calling anything healthy', async () => {
    const one = await rigUp();
    const stop = one.api.intercept(({ verb }) => {
      if (verb === 'apply') throw away();
    });
    await one.want({ applications: { [web]: { objects: [configMap('a'), configMap('b')] } } });
    const status = await one.until(web, { sync: 'Failed', reason: 'ApiServerUnreachable' });
    expect(status).toMatchObject({
      healthyObjects: 0,
      problems: [{ reason: 'ApiServerUnreachable' }, { reason: 'ApiServerUnreachable' }],
    });
    for (let second = 0; second < 60; second += 1) await one.eventually(() => undefined, 1000);
    expect(one.writes().filter(({ verb }) => verb === 'apply').length).toBeLessThan(30);
    stop();
    await one.eventually(() => expect(one.status(web)).toMatchObject({ sync: 'InSync', health: 'Healthy' }), 1000);
    expect(maps(one)).toEqual(['a', 'b']);
  });

  it('when its own state cannot be written: nothing is applied that the inventory does not know', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a')] } } });
    await one.until(web, { sync: 'InSync' });
    const stop = one.api.intercept(({ verb, key: { name } }) => {
      if (name.startsWith('fairlead-inventory') && verb === 'replace') throw away();
    });
    await one.want({ applications: { [web]: { objects: [configMap('a'), configMap('b')] } } });
    await one.until(web, { sync: 'Failed', reason: 'ApiServerUnreachable' });
    expect(maps(one)).toEqual(['a']);
    stop();
    await one.eventually(() => expect(maps(one)).toEqual(['a', 'b']), 1000);
  });

  it('when every watch has to list anew', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a'), configMap('b')] } } });
    await one.until(web, { sync: 'InSync' });
    one.api.remove(key('ConfigMap', 'a'));
    one.api.expireWatches();
    await one.eventually(() => expect(maps(one)).toEqual(['a', 'b']));
    await one.until(web, { sync: 'InSync' });
  });

  it('with the rights of the application where its own do not reach a kind', async () => {
    const one = await rigUp({
      mayDo: ({ verb, identity, key: { kind } }) =>
        kind !== 'ConfigMap' || identity.as !== 'self' || !['list', 'watch', 'get'].includes(verb),
    });
    await one.want({ applications: { [web]: { objects: [configMap('a')] } } });
    await one.eventually(() => expect(one.status(web)).toMatchObject({ sync: 'InSync', health: 'Healthy' }), 500);
    one.api.remove(key('ConfigMap', 'a'));
    await one.eventually(() => expect(maps(one)).toEqual(['a']));
  });

  it('and makes a namespace again that was deleted under it', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a')] } } });
    await one.until(web, { sync: 'InSync' });
    one.api.remove({ group: '', kind: 'Namespace', namespace: '', name: 'shop' });
    one.api.remove(key('ConfigMap', 'a'));
    await one.eventually(() => expect(maps(one)).toEqual(['a']), 500);
  });

  it('and names what keeps a namespace from going in which it is to apply, until it is gone', async () => {
    const one = await rigUp();
    const shop = { group: '', kind: 'Namespace', namespace: '', name: 'shop' };
    const finalizers = ['example.com/backup'];
    await one.api.create(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', finalizers } },
      { identity: { as: 'self' } },
    );
    one.api.remove(shop);
    await one.want({
      applications: { [web]: { objects: [configMap('a'), configMap('b', {}, { namespace: 'default' })] } },
    });
    const status = await one.until(web, { sync: 'Failed', reason: 'ObjectTerminating' });
    expect(status.message).toContain(
      'of the namespace shop: it is being deleted and waits for 1 finalizer: example.com/backup',
    );
    expect(maps(one)).toEqual(['b']);
    for (let minute = 0; minute < 10; minute += 1) await one.eventually(() => undefined, 60_000);
    expect(one.writes().filter(({ key: { name } }) => name === 'a').length).toBeLessThan(25);
    one.api.edit(shop, (object) => ({ ...object, metadata: { ...object.metadata, finalizers: [] } }));
    await one.eventually(() => expect(maps(one)).toEqual(['b', 'a']), 1000);
  });

  it('and runs no Job again that ran to its end before another object of the bundle changed', async () => {
    const one = await rigUp();
    const job: KubeObject = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate' },
      spec: { template: { spec: {} } },
    };
    await one.want({ applications: { [web]: { objects: [configMap('a'), job] } } });
    await one.until(web, { sync: 'InSync' });
    const migrate = key('Job', 'migrate', { group: 'batch' });
    one.api.edit(
      migrate,
      (object) => ({ ...object, status: { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] } }),
      { manager: 'kube-controller-manager', subresource: 'status' },
    );
    await one.until(web, { sync: 'InSync', health: 'Healthy' });
    await one.want({ applications: { [web]: { objects: [configMap('a', { a: '2' }), job] } } });
    await one.eventually(() => expect(one.api.find(key('ConfigMap', 'a'))?.['data']).toEqual({ a: '2' }));
    await one.until(web, { sync: 'InSync' });
    one.api.remove(migrate);
    await one.quiet();
    expect(one.api.find(migrate)).toBeUndefined();
    expect(one.drifts).toEqual([]);
  });

  it('and refuses a bundle without a service account: no write has the rights of the agent', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a')], serviceAccount: '' } } });
    const status = await one.until(web, { sync: 'Failed', reason: 'OwnerPolicyForbids' });
    expect(status.message).toContain('service account');
    expect(maps(one)).toEqual([]);
    expect(
      one.api.calls.filter(
        ({ identity, key: { namespace } }) =>
          identity.as === 'self' && namespace !== agentNamespace && namespace !== '',
      ),
    ).toEqual([]);
  });
});
