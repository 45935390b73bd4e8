import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { patienceMs, seeded } from '@fairlead/testkit/property';
import { fleetOf, minuteMs, play, scripts } from './rollout.scripts.harness.ts';

describe('a rollout over any fleet, policy and schedule of faults', { timeout: patienceMs }, () => {
  it('never takes out more clusters than maxUnavailable, and gives nothing that is halted, held, shut or unheard (I6)', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        expect(play(script).oracle.violations).toEqual([]);
      }),
      seeded(2000),
    );
  });

  it('ends or says why, and no wake-up is lost', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const fleet = play(script);
        expect(fleet.lost).toEqual([]);
        const last = fleet.ask();
        if (last === undefined) return;
        expect(last.assign).toEqual([]);
        expect(last.message).not.toBe('');
        expect(['Over', 'Halted', 'Waiting']).toContain(last.state);
        for (const cluster of last.clusters) expect(cluster.message).not.toBe('');
        // Whoever stands still has a trouble that the fleet really has.
        if (last.state === 'Waiting') expect(fleet.troubled()).toBe(true);
      }),
      seeded(2000),
    );
  });

  it('when faults stop, a good release reaches every cluster', () => {
    fc.assert(
      fc.property(scripts, fc.integer({ min: 0, max: minuteMs }), (script, afterMs) => {
        const fleet = fleetOf(script);
        const good = { type: 'Promote', release: 'good', behaviours: [{ afterMs }], changes: [true] } as const;
        fleet.at(399 * minuteMs, { type: 'Mend' });
        fleet.at(400 * minuteMs, good);
        fleet.settle();
        if (![...fleet.members.values()].some(({ placed }) => placed)) return;
        expect(fleet.ask()?.state).toBe('Over');
        expect(fleet.converged()).toBe(true);
      }),
      seeded(2000),
    );
  });

  it('is tried with everything that these cases are about', () => {
    const cases = fc.sample(scripts, { numRuns: 500, seed: 1 });
    const marks = new Set(cases.flatMap((script) => [...play(script).marks]));
    expect(occurs.filter((word) => !marks.has(word))).toEqual([]);
  });
});

/** States and reasons of plans, and what was given. */
const occurs = `
  Over Halted Waiting Soaking Promotion Return Withdrawal Change Goal Fallback Quiet Tombstone Forgiven Skipped NotSeenYet
  WaitsForGate WaitsForSlot RenderFailed Frozen ClusterSilent NoFallback FailureBudgetSpent ProgressDeadlineExceeded
`
  .trim()
  .split(/\s+/);
