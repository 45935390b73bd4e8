import { describe, expect, it } from 'vitest';
import type { ClusterName, CommitSha, Digest, RolloutPolicy } from '@fairlead/core/model';
import { planRollout } from './planRollout.ts';
import type { Given, Report, RolloutCluster, RolloutInput, RolloutPlan } from './types.ts';

const old = 'old' as Digest;
const fresh = 'new' as Digest;
const before = '1'.repeat(40) as CommitSha;
const attempt = '2'.repeat(40) as CommitSha;
const nowMs = 10_000_000;

const policy: RolloutPolicy = {
  waves: [
    { name: 'canary', clusters: {}, maxConcurrent: '100%', soak: '0s' },
    { name: 'rest', maxConcurrent: '100%', soak: '0s' },
  ],
  maxUnavailable: 2,
  failureBudget: 0,
  progressDeadline: '10m',
  onFailure: 'Rollback',
  unreachable: 'Skip',
};

const given = (bundle: Digest, more: Partial<Given> = {}): Given => ({
  bundle,
  attempt: bundle === fresh ? attempt : before,
  elsewhere: false,
  assignedAtMs: bundle === fresh ? nowMs - 1000 : 0,
  healthyBefore: true,
  wave: 'canary',
  ...more,
});
const healthy = (bundle: Digest, sinceMs = 0): Report => ({
  ...progressing(bundle),
  health: 'Healthy',
  healthySinceMs: sinceMs,
});
const progressing = (bundle: Digest): Report => ({
  bundle,
  sync: 'InSync',
  health: 'Progressing',
  reason: 'ReconcileInProgress',
  sinceMs: 0,
});

/** A cluster that runs the old release in good health, unless it says otherwise. */
function cluster(name: string, more: Partial<RolloutCluster> = {}): RolloutCluster {
  return {
    cluster: name as ClusterName,
    wave: name.startsWith('canary') ? 'canary' : 'rest',
    goal: { kind: 'Bundle', bundle: fresh },
    given: given(old),
    report: healthy(old),
    connection: 'Connected',
    seen: true,
    ...more,
  };
}
const done = (name: string, sinceMs = nowMs - 500) =>
  cluster(name, {
    given: given(fresh, { wave: name.startsWith('canary') ? 'canary' : 'rest' }),
    report: healthy(fresh, sinceMs),
  });

function plan(clusters: readonly RolloutCluster[], more: Partial<RolloutInput> = {}): RolloutPlan {
  return planRollout({ nowMs, policy, kind: 'Promotion', attempt, first: false, clusters, ...more });
}
const givenTo = (result: RolloutPlan) => result.assign.map((assign) => assign.cluster);
const why = (result: RolloutPlan, name: string) => result.clusters.find((view) => view.cluster === name)?.reason;
function withoutGiven(made: RolloutCluster): RolloutCluster {
  const { given: _given, report: _report, ...rest } = made;
  return rest;
}

describe('waves', () => {
  it('the canary comes first, and the others say what they wait for', () => {
    const result = plan([cluster('a'), cluster('canary')]);
    expect(givenTo(result)).toEqual(['canary']);
    expect(why(result, 'a')).toBe('WaitsForWave');
  });

  it('a wave follows the last report of the one before, in the same plan', () => {
    expect(givenTo(plan([cluster('a'), done('canary')]))).toEqual(['a']);
  });

  it('a soak holds the next wave back and says when it ends', () => {
    const soaking = { ...policy, waves: policy.waves.map((wave) => ({ ...wave, soak: '1m' })) };
    const result = plan([cluster('a'), done('canary', nowMs - 20_000)], { policy: soaking });
    expect(result).toMatchObject({ state: 'Soaking', assign: [], recheckAfterMs: 40_000 });
    expect(why(result, 'a')).toBe('WaitsForSoak');
  });

  it('where the release changes nothing, the time before it counts for the soak', () => {
    const soaking = { ...policy, waves: policy.waves.map((wave) => ({ ...wave, soak: '1m' })) };
    const same = cluster('canary', { goal: { kind: 'Bundle', bundle: old } });
    const result = plan([cluster('a'), same], { policy: soaking });
    expect(result.assign).toMatchObject([
      { cluster: 'canary', quiet: true },
      { cluster: 'a', quiet: false },
    ]);
  });

  it('maxConcurrent is of the wave, maxUnavailable of the environment, both rounded down and at least 1', () => {
    const rest = ['a', 'b', 'c', 'd', 'e'].map((name) => cluster(name));
    const half = { ...policy, maxUnavailable: '100%', waves: [{ name: 'rest', maxConcurrent: '50%', soak: '0s' }] };
    expect(givenTo(plan(rest, { policy: half }))).toHaveLength(2);
    expect(givenTo(plan(rest, { policy: { ...half, maxUnavailable: '10%' } }))).toHaveLength(1);
    expect(why(plan(rest, { policy: { ...half, maxUnavailable: '10%' } }), 'b')).toBe('WaitsForSlot');
  });

  it('a cluster that no wave of the policy claims goes last', () => {
    const only = { ...policy, waves: [{ name: 'canary', clusters: {}, maxConcurrent: '100%', soak: '0s' }] };
    expect(givenTo(plan([cluster('a'), cluster('canary')], { policy: only }))).toEqual(['canary']);
    expect(givenTo(plan([cluster('a'), done('canary')], { policy: only }))).toEqual(['a']);
  });

  it('a closed window holds a wave start, with its reason', () => {
    const waveStartsHeld = { reason: 'WaitsForGate', message: 'The window opens at 9.' } as const;
    const result = plan([cluster('canary')], { waveStartsHeld });
    expect(result).toMatchObject({ state: 'Waiting', reason: 'WaitsForGate', assign: [] });
  });

  it('a bundle that is not known yet blocks its wave and nothing spreads past it', () => {
    const trouble = { reason: 'RenderFailed', message: 'kustomize refused it.' } as const;
    const result = plan([cluster('a'), cluster('canary', { goal: { kind: 'Unknown', trouble } })]);
    expect(result.assign).toEqual([]);
    expect(why(result, 'canary')).toBe('RenderFailed');
  });

  it('when the last wave is over, so is the rollout', () => {
    expect(plan([done('canary'), done('a')])).toMatchObject({ state: 'Over', reason: 'RolledOut' });
  });

  it('an environment that selects no cluster waits and names why', () => {
    expect(plan([])).toMatchObject({ state: 'Waiting', reason: 'SelectorMatchesNothing' });
  });
});

describe('failure', () => {
  const late = (name: string, more: Partial<Given> = {}) =>
    cluster(name, { given: given(fresh, { assignedAtMs: nowMs - 600_000, ...more }), report: progressing(fresh) });

  it('a cluster that misses progressDeadline halts the rollout, and the rest stays untouched', () => {
    const result = plan([cluster('a'), late('canary')]);
    expect(result).toMatchObject({
      state: 'Halted',
      assign: [],
      halt: { reason: 'FailureBudgetSpent', cause: 'ProgressDeadlineExceeded' },
    });
    expect(result.memory.halted).toMatchObject({ committed: false });
  });

  it('a word from before a cluster was given the bundle again tells neither that it is healthy nor that it failed', () => {
    const unanswered = given(fresh, { unanswered: true });
    const others = [cluster('a'), cluster('b')];
    const well = plan([cluster('canary', { given: unanswered, report: healthy(fresh) }), ...others]);
    expect(well).toMatchObject({ assign: [], counts: { done: 0, unavailable: 1 } });
    const report = { ...progressing(fresh), sync: 'Failed', reason: 'ApplyFailed' } as const;
    expect(plan([cluster('canary', { given: unanswered, report }), ...others]).halt).toBeUndefined();
  });

  it('a halt settles no wave by the failure that it is for', () => {
    const before = plan([cluster('a'), cluster('canary', { given: given(fresh), report: progressing(fresh) })]);
    const result = plan([cluster('a'), late('canary')], { memory: before.memory });
    const [first] = result.waves;
    expect(first).toMatchObject({
      name: 'canary',
      state: 'Open',
      done: 0,
      inProgress: 1,
      reason: 'FailureBudgetSpent',
    });
    expect(result.memory.waves).toMatchObject([{ name: 'canary', over: false }]);
  });

  it('a cluster that reports a failure that no waiting mends halts it at once', () => {
    const report = { ...progressing(fresh), sync: 'Failed', reason: 'ApplyFailed' } as const;
    expect(plan([cluster('canary', { given: given(fresh), report })]).halt?.cause).toBe('ApplyFailed');
  });

  it('a cluster whose bundle cannot be rendered any more keeps its slot, and fails at its deadline', () => {
    const goal = { kind: 'Unknown', trouble: { reason: 'RenderFailed', message: 'kustomize refused it.' } } as const;
    const one = { ...policy, maxUnavailable: 1 };
    const taken = cluster('canary', { goal, given: given(fresh), report: progressing(fresh) });
    expect(plan([taken, cluster('canary-2')], { policy: one })).toMatchObject({
      assign: [],
      counts: { unavailable: 1 },
    });
    const result = plan([{ ...late('canary'), goal }, cluster('canary-2')], { policy: one });
    expect(result).toMatchObject({ assign: [], halt: { cause: 'ProgressDeadlineExceeded' } });
  });

  it('a failure that may pass waits for the deadline', () => {
    const report = { ...progressing(fresh), sync: 'Failed', reason: 'ApiServerUnreachable' } as const;
    const result = plan([cluster('canary', { given: given(fresh), report })]);
    expect(result.halt).toBeUndefined();
    expect(result.recheckAfterMs).toBe(599_000);
  });

  it('a cluster that turns bad before its soak ends spends budget', () => {
    const soaking = { ...policy, waves: policy.waves.map((wave) => ({ ...wave, soak: '1h' })) };
    const first = plan([cluster('a'), done('canary')], { policy: soaking });
    const report = { ...progressing(fresh), health: 'Degraded' } as const;
    const second = plan([cluster('a'), cluster('canary', { given: given(fresh), report })], {
      policy: soaking,
      memory: first.memory,
    });
    expect(second.halt?.cause).toBe('ReconcileFailed');
  });

  it('within the budget the rollout goes on and the failed cluster is named', () => {
    const result = plan([cluster('a'), late('canary')], { policy: { ...policy, failureBudget: 1 } });
    expect(givenTo(result)).toEqual(['a']);
    expect(result.clusters.find((view) => view.cluster === 'canary')?.state).toBe('Failed');
  });

  it('a budget that shrinks when the rollout is over neither halts nor rolls back what it completed', () => {
    const lenient = { ...policy, failureBudget: 1 };
    const over = plan([late('canary'), done('a')], { policy: lenient });
    expect(over.state).toBe('Over');
    const result = plan([late('canary'), done('a')], { memory: over.memory });
    expect(result.halt).toBeUndefined();
    expect(result.state).toBe('Over');
  });

  it('where the store cannot say how a cluster was before, it counts as having been healthy', () => {
    const { healthyBefore: _, ...unknown } = given(fresh, { assignedAtMs: nowMs - 600_000 });
    expect(plan([cluster('canary', { given: unknown, report: progressing(fresh) })]).halt).toBeDefined();
  });

  it('one sick cluster neither halts anybody nor deadlocks three', () => {
    const sick = late('canary-sick', { healthyBefore: false });
    const result = plan([sick, done('canary'), cluster('a')], { policy: { ...policy, maxUnavailable: 1 } });
    expect(result.halt).toBeUndefined();
    expect(givenTo(result)).toEqual(['a']);
  });

  it('a halt in the ledger stands, also without memory', () => {
    const halted = { reason: 'FailureBudgetSpent', message: 'spent' } as const;
    const result = plan([cluster('a'), late('canary')], { halted });
    expect(result).toMatchObject({ state: 'Halted', assign: [] });
    expect(result.halt).toBeUndefined();
  });

  it('a resume goes on, and whoever is unhealthy then is judged alone', () => {
    const halted = { reason: 'FailureBudgetSpent', message: 'spent' } as const;
    const first = plan([cluster('a'), late('canary')], { halted });
    const result = plan([cluster('a'), late('canary')], { memory: first.memory });
    expect(result.halt).toBeUndefined();
    expect(givenTo(result)).toEqual(['a']);
  });

  it('a halted release does not block its fix: the sick canary gets it without a slot', () => {
    const fix = 'fix' as Digest;
    const goal = { kind: 'Bundle', bundle: fix } as const;
    const result = plan([{ ...late('canary'), goal }, cluster('a', { goal })], {
      attempt: '3'.repeat(40) as CommitSha,
      policy: { ...policy, maxUnavailable: 1 },
    });
    expect(givenTo(result)).toContain('canary');
  });

  it('a change after the rollout was over spreads by the waves and cannot be halted', () => {
    const over = plan([done('canary'), done('a')]).memory;
    const changed = { goal: { kind: 'Bundle', bundle: 'relabelled' as Digest } } as const;
    const result = plan(
      [
        { ...done('canary'), ...changed },
        { ...done('a'), ...changed },
      ],
      { memory: over },
    );
    expect(givenTo(result)).toEqual(['canary']);
    const failing = cluster('canary', {
      ...changed,
      given: given(changed.goal.bundle, { attempt, assignedAtMs: nowMs }),
    });
    const later = plan([failing, { ...done('a'), ...changed }], { memory: result.memory, nowMs: nowMs + 700_000 });
    expect(later.halt).toBeUndefined();
    expect(later).toMatchObject({ state: 'Waiting', assign: [] });
  });
});

describe('silence, freezes and members that come and go', () => {
  it('Skip leaves a silent cluster out and lets it catch up alone', () => {
    const result = plan([cluster('canary-gone', { connection: 'Silent' }), done('canary'), cluster('a')]);
    expect(givenTo(result)).toEqual(['a']);
    const back = plan([cluster('canary-gone'), done('canary'), done('a')], { memory: result.memory });
    expect(back.assign).toMatchObject([{ cluster: 'canary-gone' }]);
    expect(back.assign[0]).not.toHaveProperty('wave');
  });

  it('a wave that silence leaves empty waits', () => {
    const result = plan([cluster('canary', { connection: 'Lost' }), cluster('a')]);
    expect(result).toMatchObject({ state: 'Waiting', reason: 'ClusterSilent', assign: [] });
  });

  it('Wait waits for a silent cluster', () => {
    const wait = { ...policy, unreachable: 'Wait' } as const;
    const result = plan([cluster('canary-gone', { connection: 'Silent' }), done('canary'), cluster('a')], {
      policy: wait,
    });
    expect(result.assign).toEqual([]);
    expect(why(result, 'canary-gone')).toBe('ClusterSilent');
  });

  it('a cluster that falls silent after its assignment is unavailable, and failed at progressDeadline', () => {
    const gone = cluster('canary', { connection: 'Silent', given: given(fresh, { assignedAtMs: nowMs - 599_000 }) });
    expect(plan([gone]).counts.unavailable).toBe(1);
    expect(plan([gone], { nowMs: nowMs + 1000 }).halt?.cause).toBe('ProgressDeadlineExceeded');
  });

  it('a cluster that falls silent after its assignment holds its slot, also when its labels change what it should run', () => {
    const one = { ...policy, maxUnavailable: 1 };
    const goal = { kind: 'Bundle', bundle: 'relabelled' as Digest } as const;
    const gone = { ...done('canary'), goal, connection: 'Silent' } as const;
    const longAgo = { ...gone, given: given(fresh, { assignedAtMs: nowMs - 900_000 }) };
    const result = plan([longAgo, cluster('canary-2', { goal })], { policy: one });
    expect(result).toMatchObject({ assign: [], counts: { unavailable: 1 } });
    expect(why(result, 'canary-2')).toBe('WaitsForSlot');
  });

  it('a frozen cluster keeps what it runs and stops nobody', () => {
    const result = plan([cluster('canary', { held: { reason: 'Frozen', message: 'hardware swap' } }), cluster('a')]);
    expect(givenTo(result)).toEqual(['a']);
    expect(why(result, 'canary')).toBe('Frozen');
  });

  it('a cluster that joins ahead of its wave gets the fallback until then', () => {
    const joined = { ...withoutGiven(cluster('a')), fallback: old };
    expect(plan([cluster('canary'), joined]).assign).toMatchObject([
      { cluster: 'canary' },
      { cluster: 'a', to: 'Fallback' },
    ]);
  });

  it('a cluster that joins when its wave has begun gets the release, judged alone and without a slot', () => {
    const first = plan([cluster('canary')], { policy: { ...policy, maxUnavailable: 1 } });
    const taken = cluster('canary', { given: given(fresh), report: progressing(fresh) });
    const joined = withoutGiven(cluster('canary-2'));
    const result = plan([taken, joined], { policy: { ...policy, maxUnavailable: 1 }, memory: first.memory });
    expect(givenTo(result)).toEqual(['canary-2']);
  });

  it('in the very first rollout clusters that have nothing count, and take slots', () => {
    const clusters = ['a', 'b', 'c'].map((name) => withoutGiven(cluster(name)));
    expect(givenTo(plan(clusters, { first: true, policy: { ...policy, maxUnavailable: 1 } }))).toHaveLength(1);
  });

  it('after the store was lost nothing spreads before the fleet is seen again', () => {
    const unseen = { ...withoutGiven(cluster('a')), seen: false, connection: 'Never' } as const;
    const result = plan([cluster('canary'), unseen], { graceUntilMs: nowMs + 60_000 });
    expect(result).toMatchObject({ state: 'Waiting', reason: 'NotSeenYet', assign: [], recheckAfterMs: 60_000 });
    expect(givenTo(plan([cluster('canary'), unseen], { graceUntilMs: nowMs }))).toEqual(['canary']);
  });
});

describe('returns and withdrawals', () => {
  it('a return has no waves or soaks: unhealthy clusters first, then the others that took the bad release', () => {
    const back = { goal: { kind: 'Bundle', bundle: old } } as const;
    const clusters = [
      { ...done('canary'), ...back },
      { ...done('canary-2'), ...back },
      cluster('canary-bad', { ...back, given: given(fresh), report: progressing(fresh) }),
      cluster('a', back),
    ];
    const result = plan(clusters, { kind: 'Return', attempt: before, policy: { ...policy, maxUnavailable: 1 } });
    expect(givenTo(result)).toEqual(['canary-bad']);
    expect(why(result, 'canary')).toBe('WaitsForSlot');
  });

  it('a return reaches silent clusters too, so that they come back to it', () => {
    const gone = { ...done('canary'), goal: { kind: 'Bundle', bundle: old }, connection: 'Silent' } as const;
    expect(givenTo(plan([gone, cluster('a', { goal: gone.goal })], { kind: 'Return', attempt: before }))).toEqual([
      'canary',
    ]);
  });

  it('a withdrawal takes the application away wave by wave and is over when nobody reports it', () => {
    const goal = { kind: 'Nothing' } as const;
    const first = plan([cluster('canary', { goal }), cluster('a', { goal })], { kind: 'Withdrawal' });
    expect(givenTo(first)).toEqual(['canary']);
    const { bundle: _bundle, ...tombstone } = given(fresh);
    const { report: _report, ...gone } = cluster('canary', { goal, given: tombstone });
    const second = plan([gone, cluster('a', { goal })], { kind: 'Withdrawal', memory: first.memory });
    expect(givenTo(second)).toEqual(['a']);
    const third = plan([gone, { ...gone, cluster: 'a' as ClusterName, wave: 'rest' }], {
      kind: 'Withdrawal',
      memory: second.memory,
    });
    expect(third.state).toBe('Over');
  });

  it('a cluster that left the environment loses the application within the same limits', () => {
    const { wave: _, ...left } = cluster('gone', { goal: { kind: 'Nothing' } });
    expect(plan([done('canary'), left]).assign).toMatchObject([{ cluster: 'gone', healthyBefore: true }]);
  });
});
