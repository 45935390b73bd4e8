import { describe, expect, it } from 'vitest';
import { keyText, type ApplicationId, type CommitSha, type ObjectKey } from '@fairlead/core/model';
import { decidePrune, type InventoryEntry, type PruneInput, type Sight } from './index.ts';

const key = (text: string): ObjectKey => {
  const [kind = '', name = ''] = text.split('/');
  const group = { Deployment: 'apps', CustomResourceDefinition: 'apiextensions.k8s.io' }[kind] ?? '';
  return { group, kind, namespace: ['Namespace', 'CustomResourceDefinition'].includes(kind) ? '' : 'web', name };
};
const entry = (text: string, more: Partial<InventoryEntry> = {}): InventoryEntry => ({
  key: key(text),
  uid: `uid-${text}`,
  origin: 'Created',
  ...more,
});
const present = (text: string, more: object = {}): [string, Sight] => [
  keyText(key(text)),
  { is: 'Present', uid: `uid-${text}`, resourceVersion: '7', ours: true, terminating: false, ...more },
];
const order = ['Namespace', 'CustomResourceDefinition', 'Service', 'ConfigMap', 'Deployment'];
const keys = (...texts: string[]) => new Set(texts.map((text) => keyText(key(text))));
const commit = '4f2a91c0'.repeat(5) as CommitSha;

/** A bundle that keeps ConfigMap/stays, and one object that left it. */
function decide(leaving: InventoryEntry, more: Partial<PruneInput> = {}) {
  const name = `${leaving.key.kind}/${leaving.key.name}`;
  return decidePrune({
    inventory: [entry('ConfigMap/stays'), leaving],
    wanted: { keys: keys('ConfigMap/stays'), complete: true },
    rankOf: ({ kind }) => order.indexOf(kind),
    live: new Map([present('ConfigMap/stays'), present(name)]),
    sync: { prune: true, adopt: 'Release' },
    acknowledged: {},
    budgets: [],
    passFailed: false,
    ...more,
  });
}
const gone = entry('ConfigMap/gone');
const nothing = { delete: [], release: [], handOver: [], forget: [], held: [] };

describe('an object that left the bundle', () => {
  it('is deleted by its UID', () => {
    expect(decide(gone)).toEqual({
      ...nothing,
      delete: [{ key: gone.key, uid: 'uid-ConfigMap/gone', batch: 0 }],
    });
  });

  it('is forgotten when it is gone already', () => {
    const live = new Map<string, Sight>([[keyText(gone.key), { is: 'Absent' }]]);
    expect(decide(gone, { live }).forget).toMatchObject([{ reason: 'ObjectMissing' }]);
  });

  it('survives under another UID, and is forgotten', () => {
    const decision = decide(gone, { live: new Map([present('ConfigMap/gone', { uid: 'another' })]) });
    expect(decision).toMatchObject({ ...nothing, forget: [{ key: gone.key, reason: 'NotProvablyOurs' }] });
  });

  it('survives without our field manager or label, and is forgotten', () => {
    const decision = decide(gone, { live: new Map([present('ConfigMap/gone', { ours: false })]) });
    expect(decision).toMatchObject({ ...nothing, forget: [{ key: gone.key, reason: 'NotProvablyOurs' }] });
  });

  it.each([
    ['before it was looked at', { live: new Map() }, 'LiveStateUnknown'],
    [
      'while it is being deleted',
      { live: new Map([present('ConfigMap/gone', { terminating: true })]) },
      'ObjectTerminating',
    ],
    ['when something in the pass failed', { passFailed: true }, 'PruneWaits'],
    [
      'while the bundle is incomplete',
      { wanted: { keys: keys('ConfigMap/stays'), complete: false } },
      'BundleIncomplete',
    ],
    ['when the bundle is empty', { wanted: { keys: new Set<string>(), complete: true } }, 'RenderEmpty'],
    ['when the application does not prune', { sync: { prune: false, adopt: 'Release' as const } }, 'PruneOff'],
  ])('stays %s', (_when, more, reason) => {
    const decision = decide(gone, more);
    expect(decision).toMatchObject({ ...nothing, held: decision.held });
    expect(decision.held.find((note) => keyText(note.key) === keyText(gone.key))).toMatchObject({ reason });
  });

  it('stays as an intent that is not settled', () => {
    const { uid: _uid, ...intent } = gone;
    expect(decide(intent)).toMatchObject({ ...nothing, held: [{ reason: 'NotProvablyOurs' }] });
  });

  it('is released when it was adopted, with the version that was seen', () => {
    const adopted = entry('ConfigMap/gone', { origin: 'Adopted' });
    const release = [{ key: gone.key, uid: 'uid-ConfigMap/gone', resourceVersion: '7' }];
    expect(decide(adopted)).toEqual({ ...nothing, release });
    expect(decide(adopted, { sync: { prune: true, adopt: 'Refuse' } })).toEqual({ ...nothing, release });
    expect(decide(adopted, { sync: { prune: true, adopt: 'Own' } }).delete).toHaveLength(1);
  });

  it('counts as adopted when nobody knows', () => {
    const { origin: _origin, ...unknown } = gone;
    expect(decide(unknown).release).toHaveLength(1);
  });

  it('is released when its manifest asks to leave it', () => {
    expect(decide(entry('ConfigMap/gone', { orphan: true })).release).toHaveLength(1);
  });

  it('is released when another application has the Namespace too', () => {
    const decision = decide(entry('Namespace/shop'), { shared: keys('Namespace/shop') });
    expect(decision.release).toHaveLength(1);
  });

  it('is handed over when another application takes it, even in a pass that failed', () => {
    const handedTo = new Map([[keyText(gone.key), 'web/other' as ApplicationId]]);
    const decision = decide(gone, { handedTo, passFailed: true });
    expect(decision).toEqual({ ...nothing, handOver: [{ key: gone.key, to: 'web/other' }] });
  });

  it.each(['Namespace/shop', 'CustomResourceDefinition/x', 'PersistentVolumeClaim/data', 'PersistentVolume/pv'])(
    'is held as %s until a commit acknowledges it',
    (text) => {
      const leaving = entry(text);
      expect(decide(leaving).held).toMatchObject([{ reason: 'ObjectProtected' }]);
      expect(decide(leaving).held[0]?.message).toContain(keyText(leaving.key));
      expect(decide(leaving, { acknowledged: { [keyText(leaving.key)]: commit } }).delete).toHaveLength(1);
    },
  );

  it('needs no acknowledgement to be released', () => {
    expect(decide(entry('PersistentVolumeClaim/data', { origin: 'Adopted' })).release).toHaveLength(1);
  });
});

describe('an application that is withdrawn', () => {
  const leaving = ['Service/a', 'Deployment/a', 'Namespace/shop'].map((text) => entry(text));
  const withdraw = (more: Partial<PruneInput> = {}) =>
    decidePrune({
      inventory: leaving,
      wanted: 'Withdrawn',
      rankOf: ({ kind }) => order.indexOf(kind),
      live: new Map(leaving.map((one) => present(`${one.key.kind}/${one.key.name}`))),
      sync: { prune: true, adopt: 'Release' },
      acknowledged: {},
      budgets: [{ limit: 0, by: 'Default' }],
      passFailed: false,
      ...more,
    });

  it('leaves in the reverse order, without the default budget, save what is protected', () => {
    const decision = withdraw();
    expect(decision.delete.map((one) => [one.key.kind, one.batch])).toEqual([
      ['Deployment', 0],
      ['Service', 1],
    ]);
    expect(decision.held).toMatchObject([{ key: { kind: 'Namespace' }, reason: 'ObjectProtected' }]);
  });

  it('leaves whole once the protected are acknowledged', () => {
    expect(withdraw({ acknowledged: { '/Namespace//shop': commit } }).delete).toHaveLength(3);
  });

  it('is bound by the budget of the owner', () => {
    const decision = withdraw({ budgets: [{ limit: 1, by: 'Owner' }] });
    expect(decision.delete).toEqual([]);
    expect(decision.held.map((note) => note.reason)).toContain('OwnerPolicyForbids');
  });

  it('lets go of everything where it does not prune', () => {
    const decision = withdraw({ sync: { prune: false, adopt: 'Own' } });
    expect(decision.release).toHaveLength(3);
    expect(decision.delete).toEqual([]);
  });
});

describe('a budget', () => {
  const four = ['a', 'b', 'c', 'd'].map((name) => entry(`ConfigMap/${name}`));
  const prune = (more: Partial<PruneInput>) =>
    decidePrune({
      inventory: four,
      wanted: { keys: keys('ConfigMap/a'), complete: true },
      rankOf: () => 0,
      live: new Map(four.map((one) => present(`ConfigMap/${one.key.name}`))),
      sync: { prune: true, adopt: 'Release' },
      acknowledged: {},
      budgets: [],
      passFailed: false,
      ...more,
    });

  it.each([
    [{ limit: 3, by: 'Default' as const }, 3],
    [{ limit: 2, by: 'Default' as const }, 0],
    [{ limit: '75%', by: 'Default' as const }, 3],
    [{ limit: '74%', by: 'Default' as const }, 0],
    [{ limit: 3, by: 'Default' as const, spent: 1 }, 0],
    [{ limit: 4, by: 'Owner' as const, spent: 1 }, 3],
    [{ limit: 0, by: 'Owner' as const }, 0],
  ])('of %j lets %i of 3 go', (budget, count) => {
    const decision = prune({ budgets: [budget] });
    expect(decision.delete).toHaveLength(count);
    expect(decision.held).toHaveLength(3 - count);
  });

  it('names its numbers', () => {
    expect(prune({ budgets: [{ limit: '50%', by: 'Default', spent: 1 }] }).held[0]).toMatchObject({
      reason: 'PruneBudgetExceeded',
      message: '3 of 4 objects would be deleted after 1 before, and the budget allows 50%',
    });
  });

  it("does not count what a commit acknowledges, unless it is the owner's", () => {
    const acknowledged = { '/ConfigMap/web/b': commit, '/ConfigMap/web/c': commit };
    expect(prune({ acknowledged, budgets: [{ limit: 1, by: 'Default' }] }).delete).toHaveLength(3);
    expect(prune({ acknowledged, budgets: [{ limit: 1, by: 'Owner' }] }).delete).toHaveLength(0);
  });

  it('of a share lets one object of a small application go', () => {
    const keep = keys('ConfigMap/a', 'ConfigMap/b', 'ConfigMap/c');
    expect(
      prune({ wanted: { keys: keep, complete: true }, budgets: [{ limit: '10%', by: 'Default' }] }).delete,
    ).toHaveLength(1);
    expect(
      prune({ wanted: { keys: keep, complete: true }, budgets: [{ limit: '0%', by: 'Default' }] }).delete,
    ).toHaveLength(0);
  });
});

describe('the order of deletions', () => {
  it('is the reverse of stages, and of kinds within a stage', () => {
    const inventory = [
      entry('Deployment/early', { stage: -1 }),
      entry('ConfigMap/a'),
      entry('Deployment/a'),
      entry('Deployment/b'),
      entry('ConfigMap/late', { stage: 2 }),
    ];
    const { delete: deletions } = decidePrune({
      inventory,
      wanted: 'Withdrawn',
      rankOf: ({ kind }) => order.indexOf(kind),
      live: new Map(inventory.map((one) => present(`${one.key.kind}/${one.key.name}`))),
      sync: { prune: true, adopt: 'Release' },
      acknowledged: {},
      budgets: [],
      passFailed: false,
    });
    expect(deletions.map((one) => `${one.batch} ${one.key.kind}/${one.key.name}`)).toEqual([
      '0 ConfigMap/late',
      '1 Deployment/b',
      '1 Deployment/a',
      '2 ConfigMap/a',
      '3 Deployment/early',
    ]);
  });

  it('has definitions that named no stage last, as they came with the first', () => {
    const inventory = [
      entry('Namespace/data'),
      entry('ConfigMap/early', { stage: -2 }),
      entry('Namespace/late', { stage: 3 }),
    ];
    const { delete: deletions } = decidePrune({
      inventory,
      wanted: 'Withdrawn',
      rankOf: ({ kind }) => (kind === 'Namespace' ? 0 : 1),
      live: new Map(inventory.map((one) => present(`${one.key.kind}/${one.key.name}`))),
      sync: { prune: true, adopt: 'Release' },
      acknowledged: Object.fromEntries(inventory.map(({ key }) => [keyText(key), commit])),
      budgets: [],
      passFailed: false,
    });
    expect(deletions.map((one) => `${one.batch} ${one.key.kind}/${one.key.name}`)).toEqual([
      '0 Namespace/late',
      '1 ConfigMap/early',
      '2 Namespace/data',
    ]);
  });
});
