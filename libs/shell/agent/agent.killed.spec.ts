import type { ApplicationId, KubeObject } from '@fairlead/core/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configMap, deployment, key, rigUp, type Rig } from './rig/rig.harness.ts';

const web = 'default/web' as ApplicationId;
const stranger = configMap('stranger', { mine: 'yes' }, { namespace: 'shop' });
const impostor = configMap(
  'impostor',
  { mine: 'yes' },
  {
    namespace: 'shop',
    labels: { 'fairlead.dev/application': '0123456789abcdef' },
  },
);
const people = { identity: { as: 'self' } } as const;

/** What counts of the live objects: who they are, and what they say. */
function live(one: Rig): Map<string, string> {
  const all = [
    ...one.api.objects({ group: '', kind: 'ConfigMap' }),
    ...one.api.objects({ group: 'apps', kind: 'Deployment' }),
  ];
  return new Map(
    all.map((object) => [`${object.kind}/${object.metadata.name}`, JSON.stringify([object['data'], object['spec']])]),
  );
}

function versions(one: Rig): Map<string, string> {
  const all = one.api.objects();
  const shop = all.filter(({ metadata }) => metadata.namespace === 'shop');
  return new Map(
    shop.map(({ kind, metadata }) => [`${kind}/${metadata.name}`, `${metadata.uid} ${metadata.resourceVersion}`]),
  );
}

/** One life: what is wanted in it (which objects, in which version of their content), and after how many calls it is killed. */
const life = fc.record({
  wanted: fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), content: fc.nat({ max: 2 }) }), {
    selector: ({ name }) => name,
    minLength: 1,
    maxLength: 5,
  }),
  scale: fc.option(fc.integer({ min: 1, max: 3 })),
  killedAfter: fc.integer({ min: 1, max: 20 }),
});
type Life = typeof life extends fc.Arbitrary<infer Value> ? Value : never;

function objectsOf({ wanted, scale }: Life): KubeObject[] {
  const maps = wanted.map(({ name, content }) => configMap(name, { content: String(content) }));
  return scale === null ? maps : [...maps, deployment('web', { replicas: scale })];
}

describe('an agent that is killed between any two calls, in any interleaving', () => {
  it('comes to the same objects as one that never was, and touches nothing that is not its own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 5 }), life, async (lives, last) => {
        const one = await rigUp();
        await one.api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, people);
        for (const object of [stranger, impostor]) await one.api.create(object, people);
        const foreign = [...versions(one)];
        for (const each of lives) {
          const dead = one.killAfter(each.killedAfter);
          await one.want({ applications: { [web]: { objects: objectsOf(each) } } }).catch(() => undefined);
          await dead;
          await one.restart({ cleanly: false });
        }
        const objects = objectsOf(last);
        await one.want({ applications: { [web]: { objects } } });
        await one.until(web, { sync: 'InSync', objects: objects.length });

        const calm = await rigUp();
        await calm.want({ applications: { [web]: { objects } } });
        await calm.until(web, { sync: 'InSync', objects: objects.length });
        const ownNow = new Map([...live(one)].filter(([text]) => !/stranger|impostor/.test(text)));
        expect(Object.fromEntries(ownNow)).toEqual(Object.fromEntries(live(calm)));
        expect([...versions(one)]).toEqual(expect.arrayContaining(foreign));
        await Promise.all([one.stop(), calm.stop()]);
      }),
      { numRuns: 25 },
    );
  });

  it('does nothing at all in a second pass, nor after another restart', async () => {
    await fc.assert(
      fc.asyncProperty(life, fc.integer({ min: 1, max: 20 }), async (each, killedAfter) => {
        const one = await rigUp();
        const dead = one.killAfter(killedAfter);
        const desired = { applications: { [web]: { objects: objectsOf(each) } } };
        await one.want(desired).catch(() => undefined);
        await dead;
        await one.restart({ cleanly: false });
        await one.want(desired);
        await one.until(web, { sync: 'InSync' });
        await one.quiet();
        const before = { calls: one.api.calls.length, versions: [...versions(one)] };
        one.crew.wake();
        await one.quiet();
        // Of its own records only: when the last mark is written is a matter of time.
        expect(one.api.calls.slice(before.calls).filter(({ key: { kind } }) => kind !== 'Secret')).toEqual([]);
        const writes = one.writes().length;
        await one.restart();
        await one.until(web, { sync: 'InSync' });
        expect(one.writes().slice(writes)).toEqual([]);
        expect([...versions(one)]).toEqual(before.versions);
        await one.stop();
      }),
      { numRuns: 10 },
    );
  });
});

describe('an agent that comes back', () => {
  it('ends its pass where a watch has it put an object right meanwhile', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a'), configMap('b')] } } });
    await one.until(web, { sync: 'InSync' });
    await one.crew.stop();
    // Killed between the answer to a change and its mark: the object is as it should be, and its inventory is older.
    one.api.edit(key('ConfigMap', 'a'), (object) => ({ ...object, data: { a: '2' } }), { manager: 'another' });
    const [held, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const stop = one.api.intercept(async ({ verb, key: { name } }) => {
      if (verb !== 'apply' || name !== 'a') return;
      begun.resolve();
      await held.promise;
    });
    await one.restart();
    await one.eventually(() =>
      expect(one.api.calls.some(({ verb, key: { name } }) => verb === 'list' && name === '')).toBe(true),
    );
    await begun.promise;
    await one.want({ applications: { [web]: { objects: [configMap('a', { a: '2' }), configMap('b')] } } });
    await one.eventually(() => expect(one.status(web)).toMatchObject({ sync: 'Applying' }));
    stop();
    held.resolve();
    await one.until(web, { sync: 'InSync' });
    expect(one.api.find(key('ConfigMap', 'a'))?.['data']).toEqual({ a: '2' });
  });

  it('takes a desired state whose root does not follow for none, and touches nothing for it', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a')] } } });
    await one.until(web, { sync: 'InSync' });
    const { accepted } = one.state;
    if (!accepted) throw new Error('nothing was accepted');
    await one.state.accept({ ...accepted, entries: [] }, new Map());
    await one.restart();
    expect(one.state.accepted).toBeUndefined();
    await one.quiet();
    expect(one.api.find(key('ConfigMap', 'a'))).toBeDefined();
  });

  it('finds and deletes what a dead apply had made, though no bundle wants it any more', async () => {
    const one = await rigUp();
    await one.want({ applications: { [web]: { objects: [configMap('a'), configMap('b')] } } });
    await one.eventually(() => expect(one.writes().filter(({ verb }) => verb === 'apply')).toHaveLength(2), 0);
    await one.killAfter(0);
    await one.restart({ cleanly: false });
    await one.want({ applications: { [web]: { objects: [configMap('a')] } } });
    await one.until(web, { sync: 'InSync', objects: 1 });
    await one.eventually(() => expect(one.api.find(key('ConfigMap', 'b'))).toBeUndefined());
  });
});
