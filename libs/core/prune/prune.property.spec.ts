import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countOf, keyText, type CommitSha, type ObjectKey } from '@fairlead/core/model';
import { decidePrune, isProtected, type InventoryEntry, type PruneInput, type Sight } from './index.ts';

const kinds = ['ConfigMap', 'Deployment', 'Namespace', 'PersistentVolumeClaim'] as const;
const key = fc.record({
  group: fc.constant(''),
  kind: fc.constantFrom(...kinds),
  namespace: fc.constantFrom('', 'web'),
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
});
const commit = '4f2a91c0'.repeat(5) as CommitSha;

/** True once in `n` times. */
const rarely = (n: number) => fc.nat({ max: n - 1 }).map((drawn) => drawn === 0);

/** An object that is or was ours, and all that is known of it: mostly as it should be, so that something is deleted at all. */
const known = fc.record({
  key,
  intent: rarely(8),
  origin: fc.constantFrom('Created' as const, 'Created' as const, 'Created' as const, 'Adopted' as const, undefined),
  stage: fc.constantFrom(undefined, -1, 0, 1),
  orphan: rarely(8),
  stays: rarely(3),
  unseen: rarely(12),
  absent: rarely(8),
  replaced: rarely(8),
  disowned: rarely(8),
  terminating: rarely(8),
  acknowledged: fc.boolean(),
  shared: rarely(8),
});
type Known = typeof known extends fc.Arbitrary<infer Value> ? Value : never;

const budget = fc.record(
  {
    limit: fc.oneof(
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 0, max: 100 }).map((share) => `${share}%`),
    ),
    by: fc.constantFrom('Default' as const, 'Owner' as const),
    spent: fc.integer({ min: 0, max: 3 }),
  },
  { requiredKeys: ['limit', 'by'] },
);
const input: fc.Arbitrary<PruneInput> = fc
  .record({
    objects: fc.uniqueArray(known, { selector: (one) => keyText(one.key), maxLength: 12 }),
    withdrawn: rarely(4),
    incomplete: rarely(8),
    sync: fc.record({
      prune: rarely(8).map((off) => !off),
      adopt: fc.constantFrom('Release' as const, 'Own' as const),
    }),
    budgets: fc.array(budget, { maxLength: 2 }),
    passFailed: rarely(6),
  })
  .map(({ objects, withdrawn, incomplete, ...rest }) => {
    const textsOf = (isMeant: (one: Known) => boolean) => objects.filter(isMeant).map((one) => keyText(one.key));
    const keys = new Set(textsOf((one) => one.stays));
    return {
      ...rest,
      inventory: objects.map(entryFrom),
      wanted: withdrawn ? 'Withdrawn' : { keys, complete: !incomplete },
      rankOf: (one: ObjectKey) => kinds.findIndex((kind) => kind === one.kind),
      live: new Map(objects.filter((one) => !one.unseen).map((one) => [keyText(one.key), sightFrom(one)])),
      acknowledged: Object.fromEntries(textsOf((one) => one.acknowledged).map((text) => [text, commit])),
      shared: new Set(textsOf((one) => one.shared)),
    };
  });

function entryFrom(one: Known): InventoryEntry {
  return {
    key: one.key,
    ...(one.intent ? {} : { uid: `uid of ${one.key.name}` }),
    ...(one.origin === undefined ? {} : { origin: one.origin }),
    ...(one.stage === undefined ? {} : { stage: one.stage }),
    ...(one.orphan ? { orphan: true } : {}),
  };
}

function sightFrom(one: Known): Sight {
  if (one.absent) return { is: 'Absent' };
  const uid = one.replaced ? 'another uid' : `uid of ${one.key.name}`;
  return { is: 'Present', uid, resourceVersion: '7', ours: !one.disowned, terminating: one.terminating };
}

const find = (from: PruneInput, one: { key: ObjectKey }): InventoryEntry | undefined =>
  from.inventory.find((candidate) => keyText(candidate.key) === keyText(one.key));
const check = (property: (from: PruneInput) => void) => fc.assert(fc.property(input, property), { numRuns: 1000 });

describe('whatever a prune decides', () => {
  it('deletes, releases, forgets and holds something now and then', () => {
    const decisions = fc.sample(input, { numRuns: 200, seed: 1 }).map(decidePrune);
    for (const list of ['delete', 'release', 'forget', 'held'] as const) {
      expect(decisions.filter((decision) => decision[list].length > 0).length).toBeGreaterThan(20);
    }
  });

  it('touches only what inventory, UID and field manager prove to be ours', () => {
    check((from) => {
      const decision = decidePrune(from);
      for (const touched of [...decision.delete, ...decision.release]) {
        const live = from.live.get(keyText(touched.key));
        expect(find(from, touched)?.uid).toBe(touched.uid);
        expect(live).toMatchObject({ is: 'Present', uid: touched.uid, ours: true, terminating: false });
      }
    });
  });

  it('deletes nothing that the bundle names, and nothing at all for an empty or incomplete one', () => {
    check((from) => {
      const { delete: deletions } = decidePrune(from);
      if (from.wanted === 'Withdrawn') return;
      const { keys, complete } = from.wanted;
      if (!complete || keys.size === 0) expect(deletions).toEqual([]);
      expect(deletions.filter((one) => keys.has(keyText(one.key)))).toEqual([]);
    });
  });

  it('deletes nothing in a pass in which anything failed', () => {
    check((from) => {
      const decision = decidePrune({ ...from, passFailed: true });
      expect([decision.delete, decision.release]).toEqual([[], []]);
    });
  });

  it('never goes beyond a budget', () => {
    check((from) => {
      const { delete: deletions } = decidePrune(from);
      const total = from.inventory.filter((one) => one.uid !== undefined).length;
      for (const { limit, by, spent = 0 } of from.budgets) {
        const lifted = (one: { key: ObjectKey }) =>
          from.wanted === 'Withdrawn' || keyText(one.key) in from.acknowledged;
        const count = deletions.filter((one) => by === 'Owner' || !lifted(one)).length;
        const least = limit === 0 || limit === '0%' ? 0 : 1;
        expect(count).toBeLessThanOrEqual(Math.max(countOf(limit, { total, atLeast: least }) - spent, 0));
      }
    });
  });

  it('deletes protected kinds only by acknowledgement, and adopted or shared objects not at all', () => {
    check((from) => {
      for (const one of decidePrune(from).delete) {
        if (isProtected(one.key)) expect(from.acknowledged).toHaveProperty([keyText(one.key)]);
        if (from.sync.adopt !== 'Own') expect(find(from, one)?.origin).toBe('Created');
        expect(from.shared?.has(keyText(one.key)) ?? false).toBe(false);
      }
    });
  });

  it('says something of every object that left, once', () => {
    check((from) => {
      const decision = decidePrune(from);
      const said = [decision.delete, decision.release, decision.handOver, decision.forget, decision.held].flat();
      const { wanted } = from;
      const left = from.inventory.filter((one) => wanted === 'Withdrawn' || !wanted.keys.has(keyText(one.key)));
      expect(said.map((one) => keyText(one.key)).sort()).toEqual(left.map((one) => keyText(one.key)).sort());
    });
  });

  it('does not depend on the order of the inventory', () => {
    check((from) => {
      expect(decidePrune({ ...from, inventory: from.inventory.toReversed() }).delete).toEqual(decidePrune(from).delete);
    });
  });
});
