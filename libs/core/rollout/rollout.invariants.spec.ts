import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RolloutPolicy } from '@fairlead/core/model';
import { SimulatedFleet, type Behaviour, type Happening } from './simulatedFleet.ts';

const waveNames = ['canary', 'europe', 'rest'];
const minuteMs = 60_000;

const policies: fc.Arbitrary<RolloutPolicy> = fc.record({
  waves: fc
    .tuple(
      fc.constantFrom('0s', '1m', '15m'),
      fc.constantFrom<number | string>(1, 2, '50%', '100%'),
      fc.constantFrom<number | string>(1, '30%', '100%'),
    )
    .map(([soak, second, third]) => [
      { name: 'canary', clusters: { matchLabels: {} }, maxConcurrent: '100%', soak },
      { name: 'europe', clusters: { matchLabels: {} }, maxConcurrent: second, soak: '0s' },
      { name: 'rest', maxConcurrent: third, soak: '0s' },
    ]),
  maxUnavailable: fc.constantFrom<number | string>(1, 2, '10%', '50%'),
  failureBudget: fc.constantFrom<number | string>(0, 1, '20%'),
  progressDeadline: fc.constant('10m'),
  onFailure: fc.constantFrom('Rollback', 'Halt'),
  unreachable: fc.constantFrom('Skip', 'Wait'),
});

const behaviours: fc.Arbitrary<readonly Behaviour[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ afterMs: fc.integer({ min: 0, max: 3 * minuteMs }) }) },
    { weight: 1, arbitrary: fc.constantFrom<Behaviour>('Never', 'Degraded') },
  ),
  { minLength: 12, maxLength: 12 },
);

interface Script {
  readonly policy: RolloutPolicy;
  readonly waves: readonly string[];
  readonly happenings: readonly { readonly atMs: number; readonly happening: Happening }[];
  readonly faults: readonly string[];
}

const faults = fc.tuple(
  fc.integer({ min: 0, max: 240 }),
  fc.constantFrom<readonly [string, string]>(['Silence', 'Speak'], ['Sicken', 'Recover'], ['Freeze', 'Thaw']),
  fc.integer({ min: 0, max: 11 }),
  fc.integer({ min: 1, max: 30 }),
);
const promotions = fc.tuple(fc.integer({ min: 0, max: 240 }), behaviours);
const membership = fc.tuple(
  fc.integer({ min: 0, max: 240 }),
  fc.constantFrom('Join', 'Leave'),
  fc.integer({ min: 0, max: 11 }),
  fc.constantFrom(...waveNames),
);

const scripts: fc.Arbitrary<Script> = fc
  .record({
    policy: policies,
    waves: fc.array(fc.constantFrom(...waveNames), { minLength: 1, maxLength: 12 }),
    promotions: fc.array(promotions, { minLength: 1, maxLength: 4 }),
    faults: fc.array(faults, { maxLength: 8 }),
    membership: fc.array(membership, { maxLength: 4 }),
  })
  .map((raw) => {
    const at = (minute: number, happening: Happening) => ({ atMs: minute * minuteMs, happening });
    const cluster = (index: number) => `c${index}`;
    const happenings = [
      ...raw.waves.map((wave, index) => at(0, { type: 'Join', cluster: cluster(index), wave })),
      ...raw.promotions.map(([minute, how], index) =>
        at(minute, {
          type: 'Promote',
          release: `v${index}`,
          behaviour: (name) => how[Number(name.slice(1)) % 12] ?? 'Never',
        }),
      ),
      ...raw.faults.flatMap(([minute, [begin, end], index, minutes]) => [
        at(minute, { type: begin as 'Silence', cluster: cluster(index) }),
        at(minute + minutes, { type: end as 'Speak', cluster: cluster(index) }),
      ]),
      ...raw.membership.map(([minute, type, index, wave]) =>
        at(
          minute,
          type === 'Join' ? { type, cluster: cluster(index + 12), wave } : { type: 'Leave', cluster: cluster(index) },
        ),
      ),
    ];
    const told = happenings.map(({ atMs, happening }) => `${atMs / minuteMs}m ${JSON.stringify(happening)}`);
    return {
      policy: raw.policy,
      waves: raw.waves,
      happenings,
      faults: [...told, ...raw.promotions.map(([, how]) => JSON.stringify(how))],
    };
  });

function play(script: Script): SimulatedFleet {
  const fleet = new SimulatedFleet(script.policy);
  for (const { atMs, happening } of script.happenings) fleet.at(atMs, happening);
  fleet.settle();
  return fleet;
}

describe('a rollout over any fleet, policy and schedule of faults', () => {
  it('never takes out more clusters than maxUnavailable, never spreads while halted, and never gives to the silent (I6)', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        expect(play(script).violations).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('ends or says why, and no wake-up is lost', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const fleet = play(script);
        if (fleet.members.size === 0) return;
        const last = fleet.ask();
        expect(last?.assign).toEqual([]);
        expect(last?.message).not.toBe('');
        expect(['Over', 'Halted', 'Waiting']).toContain(last?.state);
        for (const cluster of last?.clusters ?? []) expect(cluster.message).not.toBe('');
      }),
      { numRuns: 1000 },
    );
  });

  it('when faults stop, a good release reaches every cluster', () => {
    fc.assert(
      fc.property(scripts, fc.integer({ min: 0, max: minuteMs }), (script, afterMs) => {
        const fleet = new SimulatedFleet(script.policy);
        for (const { atMs, happening } of script.happenings) fleet.at(atMs, happening);
        fleet.at(400 * minuteMs, { type: 'Promote', release: 'good', behaviour: () => ({ afterMs }) });
        fleet.settle();
        if (fleet.members.size === 0) return;
        expect(fleet.ask()?.state).toBe('Over');
        expect(fleet.converged()).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
