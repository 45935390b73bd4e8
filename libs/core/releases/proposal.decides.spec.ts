import type { CommitSha, Digest } from '@fairlead/core/model';
import { describe, expect, it } from 'vitest';
import { decideProposal, keyOfRelease, type EntryDecision, type KeptProposal, type Offer } from './index.ts';

const sha = (letter: string) => letter.repeat(40) as CommitSha;
const offer = (version: string): Offer => ({
  release: {
    version,
    digest: `sha256:${version.padEnd(64, '0')}` as Digest,
    definition: { repository: 'https://git.example/fleet', commit: sha('d') },
    sources: {},
    renderer: {},
  },
  gates: [],
});
const one = offer('1');
const two = offer('2');
const ready = (about: Offer): EntryDecision => ({ reason: 'Entered', message: 'may enter', enter: about, about });
const waits = (about?: Offer): EntryDecision => ({
  reason: 'OnHold',
  message: 'Ada holds it',
  ...(about && { about }),
});
const kept = (more: Partial<KeptProposal> = {}): KeptProposal => ({
  release: keyOfRelease(one.release),
  over: sha('a'),
  number: 7,
  url: 'https://forge.example/7',
  state: 'Open',
  lookedAtMs: 1_000_000,
  ...more,
});
const decide = (entry: EntryDecision, more: Partial<Parameters<typeof decideProposal>[0]> = {}) => {
  const decided = decideProposal({ entry, attempt: sha('a'), nowMs: 1_000_000, ...more });
  expect(decided.entry.enter).toBeUndefined();
  return `${decided.do} ${decided.entry.reason}`;
};

describe('a promotion by pull request', () => {
  it.each([
    ['is asked for when the gates have passed', ready(one), {}, 'Open WaitsForMerge'],
    ['waits for people once it was asked for', ready(one), { kept: kept() }, 'Nothing WaitsForMerge'],
    ['asks for the newer release instead', ready(two), { kept: kept() }, 'Open WaitsForMerge'],
    [
      'is asked for anew where the ledger moved on under it',
      ready(one),
      { kept: kept({ over: sha('b') }) },
      'Open WaitsForMerge',
    ],
    [
      'looks after a while whether somebody closed it',
      ready(one),
      { kept: kept(), nowMs: 1_600_000 },
      'Look WaitsForMerge',
    ],
    [
      'is not asked for again where somebody closed it',
      ready(one),
      { kept: kept({ state: 'Closed' }) },
      'Nothing ProposalDeclined',
    ],
    [
      'looks after a while whether somebody reopened it',
      ready(one),
      { kept: kept({ state: 'Closed' }), nowMs: 1_600_000 },
      'Look ProposalDeclined',
    ],
    [
      'is asked for where the one before was closed',
      ready(two),
      { kept: kept({ state: 'Closed' }) },
      'Open WaitsForMerge',
    ],
    ['stays open while a person holds the environment', waits(one), { kept: kept() }, 'Nothing OnHold'],
    ['is closed when its release is no candidate any more', waits(two), { kept: kept() }, 'Close OnHold'],
    ['is closed when there is no candidate any more', waits(), { kept: kept() }, 'Close OnHold'],
    ['is forgotten where it is closed already', waits(), { kept: kept({ state: 'Closed' }) }, 'Forget OnHold'],
    ['is not asked for before the gates have passed', waits(one), {}, 'Nothing OnHold'],
    [
      'is forgotten once it was merged',
      waits(one),
      { kept: kept(), current: keyOfRelease(one.release) },
      'Forget OnHold',
    ],
  ] as const)('%s', (_, entry, more, expected) => {
    expect(decide(entry, more)).toBe(expected);
  });

  it('tells where people merge it, and when it looks again', () => {
    const { entry } = decideProposal({ entry: ready(one), attempt: sha('a'), kept: kept(), nowMs: 1_100_000 });
    expect(entry).toMatchObject({
      message: '1 waits for https://forge.example/7 to be merged.',
      recheckAfterMs: 500_000,
      about: one,
    });
  });
});
