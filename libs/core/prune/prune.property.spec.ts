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
const uid = fc.constantFrom('1', '2', '3');
const entry = fc.record(
  {
    key,
    uid,
    origin: fc.constantFrom('Created' as const, 'Created' as const, 'Adopted' as const),
    stage: fc.integer({ min: -1, max: 1 }),
    orphan: fc.constant(true as const),
  },
  { requiredKeys: ['key'] },
);
const sight: fc.Arbitrary<Sight> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ is: 'Absent' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('Present' as const),
      uid,
      resourceVersion: fc.constant('7'),
      ours: fc.oneof(fc.constant(true), fc.boolean()),
      terminating: fc.constantFrom(false, false, true),
    }),
  },
);
const commit = '4f2a91c0'.repeat(5) as CommitSha;
const texts = fc.array(key.map(keyText), { maxLength: 12 });
const input: fc.Arbitrary<PruneInput> = fc.record(
  {
    inventory: fc.uniqueArray(entry, { selector: (one) => keyText(one.key), maxLength: 12 }),
    wanted: fc.oneof(
      fc.constant('Withdrawn' as const),
      fc.record({ keys: texts.map((list) => new Set(list)), complete: fc.constantFrom(true, true, false) }),
    ),
    rankOf: fc.constant((one: ObjectKey) => kinds.findIndex((kind) => kind === one.kind)),
    live: fc.array(fc.tuple(key.map(keyText), sight), { maxLength: 40 }).map((list) => new Map(list)),
    sync: fc.record({
      prune: fc.constantFrom(true, true, false),
      adopt: fc.constantFrom('Release' as const, 'Own' as const),
    }),
    acknowledged: texts.map((list) => Object.fromEntries(list.map((text) => [text, commit]))),
    budgets: fc.array(
      fc.record(
        {
          limit: fc.oneof(
            fc.integer({ min: 0, max: 12 }),
            fc.integer({ min: 0, max: 100 }).map((share) => `${share}%`),
          ),
          by: fc.constantFrom('Default' as const, 'Owner' as const),
          spent: fc.integer({ min: 0, max: 3 }),
        },
        { requiredKeys: ['limit', 'by'] },
      ),
      { maxLength: 2 },
    ),
    passFailed: fc.constantFrom(false, false, true),
    shared: texts.map((list) => new Set(list)),
  },
  { requiredKeys: ['inventory', 'wanted', 'rankOf', 'live', 'sync', 'acknowledged', 'budgets', 'passFailed'] },
);
const find = (from: PruneInput, one: { key: ObjectKey }): InventoryEntry | undefined =>
  from.inventory.find((candidate) => keyText(candidate.key) === keyText(one.key));
const check = (property: (from: PruneInput) => void) => fc.assert(fc.property(input, property), { numRuns: 1000 });

describe('whatever a prune decides', () => {
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
