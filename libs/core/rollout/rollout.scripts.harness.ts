import fc from 'fast-check';
import type { RolloutPolicy } from '@fairlead/core/model';
import type { Happening } from './happening.harness.ts';
import { SimulatedFleet } from './simulatedFleet.harness.ts';
import type { Behaviour, MemberEvent } from './simulatedMember.harness.ts';

/** A policy, and what happens when. Plain data: what a failing property prints is the whole case. */
export interface Script {
  readonly policy: RolloutPolicy;
  readonly happenings: readonly Timed[];
}

interface Timed {
  readonly atMs: number;
  readonly happening: Happening;
}

export const minuteMs = 60_000;
/** Faults begin until then; the longest of them ends two hours later. */
const lastMinute = 240;
const mostClusters = 30;

const waveNames = ['canary', 'europe', 'rest'] as const;
const wave = fc.constantFrom(...waveNames);
const count = fc.constantFrom<number | string>(1, 2, '10%', '30%', '50%', '100%');

const policies: fc.Arbitrary<RolloutPolicy> = fc
  .record({
    without: fc.oneof(
      { weight: 4, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constantFrom('canary', 'europe', 'rest') },
    ),
    soak: fc.constantFrom('0s', '1m', '15m'),
    second: count,
    third: count,
    maxUnavailable: fc.constantFrom<number | string>(1, 2, '10%', '50%'),
    failureBudget: fc.constantFrom<number | string>(0, 1, '20%'),
    progressDeadline: fc.constantFrom('5m', '10m', '10m'),
    onFailure: fc.constantFrom('Rollback', 'Halt'),
    unreachable: fc.constantFrom('Skip', 'Wait'),
  })
  .map(({ without, soak, second, third, ...rest }) => ({
    ...rest,
    waves: [
      { name: 'canary', clusters: { matchLabels: {} }, maxConcurrent: '100%', soak },
      { name: 'europe', clusters: { matchLabels: {} }, maxConcurrent: second, soak: '0s' },
      { name: 'rest', maxConcurrent: third, soak: '0s' },
    ].filter(({ name }) => name !== without),
  }));

const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ afterMs: fc.integer({ min: 0, max: 3 * minuteMs }) }) },
  { weight: 1, arbitrary: fc.constantFrom<Behaviour>('Never', 'Degraded') },
);
const behaviours = fc.oneof(
  { weight: 1, arbitrary: fc.array(behaviour, { minLength: 1, maxLength: mostClusters }) },
  // A release that is good nearly everywhere, and one that is bad everywhere.
  { weight: 1, arbitrary: fc.tuple(fc.record({ afterMs: fc.integer({ min: 0, max: 3 * minuteMs }) })) },
);
const changes = fc.oneof(
  { weight: 2, arbitrary: fc.constant([true]) },
  { weight: 1, arbitrary: fc.array(fc.boolean(), { minLength: 1, maxLength: mostClusters }) },
);
const promotion = fc.tuple(fc.integer({ min: 0, max: lastMinute }), behaviours, changes);

const minute = fc.integer({ min: 0, max: lastMinute });
const cluster = fc.integer({ min: 0, max: mostClusters - 1 }).map((index) => `c${index}`);

function at(minutes: number, happening: Happening): Timed {
  return { atMs: minutes * minuteMs, happening };
}

const pairs = [
  ['Silence', 'Speak'],
  ['Sicken', 'Recover'],
  ['Freeze', 'Thaw'],
  ['Unrender', 'Render'],
] as const satisfies readonly (readonly [MemberEvent, MemberEvent])[];

/** Something is wrong with a cluster for a while, or for good. */
const fault = fc
  .tuple(minute, cluster, fc.constantFrom(...pairs), fc.option(fc.integer({ min: 1, max: 30 }), { freq: 8 }))
  .map(([from, name, [begin, end], minutes]) => [
    at(from, { type: begin, cluster: name }),
    ...(minutes === null ? [] : [at(from + minutes, { type: end, cluster: name })]),
  ]);
/** A cluster that goes and comes, again and again. */
const flapping = fc
  .tuple(
    minute,
    cluster,
    fc.constantFrom(pairs[0], pairs[1]),
    fc.integer({ min: 9, max: 20 }),
    fc.integer({ min: 1, max: 6 }),
  )
  .map(([from, name, [begin, end], times, every]) =>
    Array.from({ length: times }, (_, index) => [
      at(from + index * every, { type: begin, cluster: name }),
      at(from + (index + 0.5) * every, { type: end, cluster: name }),
    ]).flat(),
  );
const membership = fc.oneof(
  fc
    .tuple(minute, cluster, wave)
    .map(([when, name, label]) => [at(when, { type: 'Join', cluster: name, wave: label })]),
  fc
    .tuple(minute, cluster, wave)
    .map(([when, name, label]) => [at(when, { type: 'Relabel', cluster: name, wave: label })]),
  fc
    .tuple(minute, cluster, fc.constantFrom<MemberEvent>('Leave', 'Unplace', 'Place'))
    .map(([when, name, type]) => [at(when, { type, cluster: name })]),
);
const hubs = fc.oneof(
  fc
    .tuple(minute, fc.constantFrom('Shut' as const, 'LedgerDown' as const), fc.integer({ min: 1, max: 60 }))
    .map(([when, type, minutes]) => [at(when, { type, forMs: minutes * minuteMs })]),
  fc.tuple(minute, fc.integer({ min: 1, max: 5 })).map(([when, every]) => [at(when, { type: 'Rerender', every })]),
  fc.tuple(minute, policies).map(([when, policy]) => [at(when, { type: 'Policy', policy })]),
  fc
    .tuple(minute, fc.constantFrom('Resume' as const, 'Resume' as const, 'Revert' as const, 'LoseStore' as const))
    .map(([when, type]) => [at(when, { type })]),
);
const withdrawal = minute.map((when) => [at(when, { type: 'Withdraw' })]);
const incident = fc.oneof(
  { weight: 12, arbitrary: fault },
  { weight: 2, arbitrary: flapping },
  { weight: 8, arbitrary: membership },
  { weight: 6, arbitrary: hubs },
  { weight: 1, arbitrary: withdrawal },
);

/** Any fleet, any policy, and any schedule of promotions, faults, joins, leaves and changes of mind. */
export const scripts: fc.Arbitrary<Script> = fc
  .record({
    policy: policies,
    waves: fc.oneof(
      { weight: 3, arbitrary: fc.array(wave, { minLength: 1, maxLength: 10 }) },
      { weight: 1, arbitrary: fc.array(wave, { minLength: 11, maxLength: mostClusters }) },
    ),
    promotions: fc.array(promotion, { minLength: 1, maxLength: 4 }),
    incidents: fc.array(incident, { maxLength: 14 }),
  })
  .map(({ policy, waves, promotions, incidents }) => ({
    policy,
    happenings: [
      ...waves.map((label, index) => at(0, { type: 'Join', cluster: `c${index}`, wave: label })),
      ...promotions.map(([when, how, what], index) =>
        at(when, { type: 'Promote', release: `v${index}`, behaviours: how, changes: what }),
      ),
      ...incidents.flat(),
    ],
  }));

/** The fleet with everything that is to happen to it, not begun. */
export function fleetOf(script: Script): SimulatedFleet {
  const fleet = new SimulatedFleet(script.policy);
  for (const { atMs, happening } of script.happenings) fleet.at(atMs, happening);
  return fleet;
}

/** Plays a script to its end. */
export function play(script: Script): SimulatedFleet {
  const fleet = fleetOf(script);
  fleet.settle();
  return fleet;
}
