import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HealthState } from '@fairlead/core/model';
import { aggregateHealth, type ObjectHealth } from './index.ts';

const states = ['Degraded', 'Missing', 'Unknown', 'Progressing', 'Suspended', 'Healthy'] as const;
const one = (name: string, status: HealthState, message = 'so it is'): ObjectHealth => ({
  key: { group: 'apps', kind: 'Deployment', namespace: 'web', name },
  health: { status, reason: 'HealthUnknown', message },
});

describe('the health of many objects', () => {
  it('is healthy where there are none', () => {
    expect(aggregateHealth([])).toMatchObject({ status: 'Healthy', reason: 'NoObjects' });
  });

  it('says how many are healthy and what is the matter with the worst', () => {
    const all = aggregateHealth([
      one('a', 'Healthy'),
      one('b', 'Progressing'),
      one('c', 'Degraded', '0 of 2 replicas available'),
      one('d', 'Healthy'),
    ]);
    expect(all.message).toBe('2 of 4 objects healthy; apps/Deployment/web/c: 0 of 2 replicas available');
    expect(all.counts).toEqual({ Healthy: 2, Progressing: 1, Degraded: 1, Suspended: 0, Missing: 0, Unknown: 0 });
    expect(all.problems.map((problem) => problem.key.name)).toEqual(['c', 'b']);
  });

  it('keeps no more problems than asked for', () => {
    const sick = Array.from({ length: 50 }, (_, index) => one(`p${index}`, 'Missing'));
    expect(aggregateHealth(sick).problems).toHaveLength(20);
    expect(aggregateHealth(sick, { maxProblems: 3 }).problems).toHaveLength(3);
  });

  it('is the worst of its parts, whatever their order, and counts each', () => {
    const parts = fc.array(
      fc.record({
        name: fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 }),
        status: fc.constantFrom(...states),
      }),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(parts, (list) => {
        const objects = list.map(({ name, status }) => one(name, status));
        const all = aggregateHealth(objects);
        expect(all.status).toBe(states.find((state) => list.some(({ status }) => status === state)));
        expect(Object.values(all.counts).reduce((sum, count) => sum + count, 0)).toBe(list.length);
        expect(aggregateHealth(objects.toReversed())).toEqual(all);
      }),
    );
  });
});
