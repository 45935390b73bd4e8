import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from '@fairlead/testkit/property';
import type { ApplicationId, CommitSha, Digest, EnvironmentName } from '@fairlead/core/model';
import { attemptsOf, keyOfRelease, type ReleaseRef } from './candidate.ts';
import { decideEntry, type EntryInput, type GateWord, type Offer } from './decideEntry.ts';
import { whyBusy } from './occupancy.ts';
import { offersFrom } from './offers.ts';
import { promotedFile, rolledBackFile } from './promotion.ts';

const sha = (digit: string) => digit.repeat(40) as CommitSha;
const digest = (digit: string) => `sha256:${digit.repeat(64)}` as Digest;

function release(digit: string, revision = `r${digit}`): ReleaseRef {
  return {
    version: `v${digit}`,
    digest: digest(digit),
    definition: { repository: 'https://git.example.com/fleet', commit: sha('d') },
    sources: { main: { revision, digest: digest(digit) } },
    renderer: { plain: '1' },
  };
}
const gate = (verdict: GateWord['verdict']): GateWord => ({
  gate: 'soak',
  verdict,
  reason: 'WaitsForGate',
  message: 'm',
  trailer: 't',
});
const offer = (digit: string, ...verdicts: GateWord['verdict'][]): Offer => ({
  release: release(digit),
  gates: verdicts.map(gate),
});
const keys = (...releases: ReleaseRef[]) => new Set(releases.map(keyOfRelease));

function decide(input: Partial<EntryInput>) {
  const none = { reason: 'NoCandidate', message: 'none' } as const;
  return decideEntry({ offers: [], none, named: new Set(), rejected: [], enter: 'AtOnce', ...input });
}

describe('what may enter', () => {
  it('the newest whose gates all pass', () => {
    const offers = [offer('3', 'Passed', 'Waiting'), offer('2', 'Passed'), offer('1', 'Passed')];
    expect(decide({ offers }).enter?.release.version).toBe('v2');
  });

  it('nothing that the ledger file has named before: a revert in the ledger stays', () => {
    const decision = decide({ offers: [offer('2')], named: keys(release('2'), release('1')), current: release('1') });
    expect(decision).toMatchObject({ reason: 'RolledBack' });
    expect(decision.enter).toBeUndefined();
  });

  it('a revert in the source is a new candidate with an old digest', () => {
    const reverted = { release: release('1', 'revert'), gates: [] };
    expect(decide({ offers: [reverted], named: keys(release('1'), release('2')), current: release('2') }).enter).toBe(
      reverted,
    );
  });

  it('a rejected digest stays out, whatever brought it', () => {
    const reverted = { release: release('1', 'again'), gates: [] };
    expect(
      decide({ offers: [reverted], rejected: [{ digest: digest('1'), reason: 'ProgressDeadlineExceeded' }] }).reason,
    ).toBe('Rejected');
  });

  it('a hold lets nothing in and names who holds', () => {
    const decision = decide({ offers: [offer('2')], hold: { by: 'ada', reason: 'incident 4711' } });
    expect(decision).toMatchObject({ reason: 'OnHold' });
    expect(decision.message).toContain('ada');
  });

  it('AtOnce supersedes what is in flight, WhenFree waits', () => {
    const busy = { reason: 'WaitsUntilFree', message: 'in flight' } as const;
    expect(decide({ offers: [offer('2')], busy }).enter).toBeDefined();
    expect(decide({ offers: [offer('2')], busy, enter: 'WhenFree' })).toMatchObject({ reason: 'WaitsUntilFree' });
  });

  it('says that the newest runs already', () => {
    expect(decide({ offers: [offer('2')], current: release('2'), named: keys(release('2')) }).reason).toBe(
      'NewestAlready',
    );
  });

  it('nothing enters past a gate that has not passed, unknown ones included (I5)', () => {
    const verdict = fc.constantFrom<GateWord['verdict']>('Passed', 'Waiting', 'Failed', 'Unknown');
    const offers = fc.array(fc.tuple(fc.constantFrom(...'123456789'.split('')), fc.array(verdict, { maxLength: 4 })), {
      maxLength: 6,
    });
    const digits = fc.array(fc.constantFrom(...'123456789'.split('')), { maxLength: 4 });
    fc.assert(
      fc.property(fc.record({ made: offers, named: digits, rejected: digits, held: fc.boolean() }), (drawn) => {
        const { made, named, rejected, held } = drawn;
        const decision = decide({
          offers: made.map(([digit, verdicts]) => offer(digit, ...verdicts)),
          named: keys(...named.map((digit) => release(digit))),
          rejected: rejected.map((digit) => ({ digest: digest(digit), reason: 'r' })),
          ...(held ? { hold: { by: 'ada', reason: 'r' } } : {}),
        });
        expect(decision.message).not.toBe('');
        if (decision.enter === undefined) return;
        const entered = decision.enter.release.version.slice(1);
        expect(decision.enter.gates.every((one) => one.verdict === 'Passed')).toBe(true);
        expect([...named, ...rejected]).not.toContain(entered);
        expect(held).toBe(false);
      }),
      seeded(2000),
    );
  });
});

describe('what predecessors offer', () => {
  const one = {
    environment: 'east',
    current: { release: release('2'), order: 2 },
    kept: { release: release('1'), order: 1 },
  };

  it('what they name now and what last ended its soak, newest first', () => {
    expect(offersFrom([one], 'all').map(({ release: { version } }) => version)).toEqual(['v2', 'v1']);
  });

  it('all wants the same release in each, any in one', () => {
    const west = { environment: 'west', current: { release: release('1'), order: 9 } };
    expect(offersFrom([one, west], 'all').map(({ release: { version } }) => version)).toEqual(['v1']);
    expect(offersFrom([one, west], 'any')).toHaveLength(2);
    expect(offersFrom([one, { environment: 'west' }], 'all')).toEqual([]);
  });
});

describe('when an environment is free', () => {
  const busy = {
    empty: false,
    failed: false,
    rolloutOver: true,
    asked: [{ environment: 'prod', gates: [gate('Waiting')] }],
  };

  it('not before its rollout and the soak that successors ask for are over', () => {
    expect(whyBusy({ ...busy, rolloutOver: false })?.reason).toBe('WaitsUntilFree');
    expect(whyBusy(busy)?.message).toContain('prod');
    expect(whyBusy({ ...busy, asked: [{ environment: 'prod', gates: [gate('Passed')] }] })).toBeUndefined();
  });

  it('at once when its release has failed, or nothing runs there', () => {
    expect(whyBusy({ ...busy, failed: true })).toBeUndefined();
    expect(whyBusy({ ...busy, empty: true, rolloutOver: false })).toBeUndefined();
  });
});

describe('ledger files', () => {
  const place = { application: 'web/podinfo' as ApplicationId, environment: 'prod' as EnvironmentName };
  const first = promotedFile(release('1'), place);

  it('fallback is the promotion before if its rollout was over, else that one’s own', () => {
    const second = promotedFile(release('2'), { ...place, before: { file: first, attempt: sha('1'), over: true } });
    expect(second.spec.fallback).toBe(sha('1'));
    const third = promotedFile(release('3'), { ...place, before: { file: second, attempt: sha('2'), over: false } });
    expect(third.spec.fallback).toBe(sha('1'));
    expect(first.spec).not.toHaveProperty('fallback');
  });

  it('a promotion drops the halt and keeps what people decided', () => {
    const before: typeof first = {
      ...first,
      spec: {
        ...first.spec,
        halted: { attempt: sha('1'), reason: 'FailureBudgetSpent' },
        hold: { by: 'ada', reason: 'r' },
        rejected: [{ digest: digest('9'), reason: 'r' }],
      },
    };
    const next = promotedFile(release('2'), { ...place, before: { file: before, attempt: sha('1'), over: false } });
    expect(next.spec).not.toHaveProperty('halted');
    expect(next.spec).toMatchObject({ hold: { by: 'ada' }, rejected: [{ digest: digest('9') }] });
  });

  it('a rollback names the fallback’s release, keeps the fallback and rejects the bad one once', () => {
    const bad = promotedFile(release('2'), { ...place, before: { file: first, attempt: sha('1'), over: true } });
    const back = rolledBackFile(bad, { fallback: first, reason: 'ProgressDeadlineExceeded' });
    expect(back.spec).toMatchObject({ digest: digest('1'), fallback: sha('1'), rejected: [{ digest: digest('2') }] });
  });

  it('name who wrote the release that they name, after a rollback too', () => {
    const by = (name: string) => [{ name, email: `${name}@example.com` }];
    const good = promotedFile(release('1'), { ...place, authors: by('ada') });
    const before = { file: good, attempt: sha('1'), over: true };
    const bad = promotedFile(release('2'), { ...place, before, authors: by('bob') });
    expect(bad.spec.authors).toEqual(by('bob'));
    expect(rolledBackFile(bad, { fallback: good, reason: 'r' }).spec.authors).toEqual(by('ada'));
    expect(rolledBackFile(bad, { fallback: first, reason: 'r' }).spec).not.toHaveProperty('authors');
    expect(promotedFile(release('3'), { ...place, before }).spec).not.toHaveProperty('authors');
  });

  it('an attempt begins where the candidate changed, not where a hold or a halt was written', () => {
    const named = (commit: string, digit: string) => ({
      commit: sha(commit),
      digest: digest(digit),
      definition: sha('d'),
      revisions: { main: digit },
    });
    const attempts = attemptsOf([named('4', '1'), named('3', '2'), named('2', '2'), named('1', '1')]);
    expect(attempts.map(({ commit }) => commit)).toEqual([sha('4'), sha('2'), sha('1')]);
  });
});
