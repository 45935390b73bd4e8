import type { CommitSha } from '@fairlead/core/model';
import type { EntryDecision } from './decideEntry.ts';
import { keyOfRelease } from './candidate.ts';

/** What is kept of the pull request that asks people for a promotion. */
export interface KeptProposal {
  /** Key of the candidate that it asks for. */
  readonly release: string;
  /** The attempt that it would replace; undefined where the ledger had no file. */
  readonly over?: CommitSha;
  readonly number: number;
  readonly url: string;
  /** `Closed`: by a person, without merging it. */
  readonly state: 'Open' | 'Closed';
  /** When the forge was asked last. */
  readonly lookedAtMs: number;
}

/** Everything that {@link decideProposal} looks at. */
export interface ProposalInput {
  /** What may enter by its gates, and why. */
  readonly entry: EntryDecision;
  /** Key of the candidate that the ledger names now. */
  readonly current?: string;
  /** The attempt that the ledger names now. */
  readonly attempt?: CommitSha;
  readonly kept?: KeptProposal;
  readonly nowMs: number;
}

/** What becomes of the pull request, and what the unit says meanwhile. */
export interface ProposalDecision {
  /**
   * `Open`: it is opened, or an open one asks for this release from now on. `Look`: the forge is asked how it stands.
   * `Close`: nobody needs it any more. `Forget`: it was merged, or is closed already.
   */
  readonly do: 'Nothing' | 'Open' | 'Look' | 'Close' | 'Forget';
  /** The entry's decision, in which nothing enters by itself. */
  readonly entry: EntryDecision;
}

/** A merge is a push, which is heard of; only that somebody closed it must be asked for. */
const lookEveryMs = 600_000;

/**
 * Decides about the pull request of one application in one environment. One that a person closed is not opened again for
 * the same release: reopening it, or promoting by hand, is theirs.
 */
export function decideProposal(input: ProposalInput): ProposalDecision {
  const { entry, kept, nowMs } = input;
  if (kept !== undefined && kept.release === input.current) return { do: 'Forget', entry };
  const { enter, ...rest } = entry;
  if (enter === undefined) {
    const isAsked =
      kept !== undefined && entry.about !== undefined && keyOfRelease(entry.about.release) === kept.release;
    if (kept === undefined || isAsked) return { do: 'Nothing', entry };
    return { do: kept.state === 'Open' ? 'Close' : 'Forget', entry };
  }
  const isAsked = kept?.release === keyOfRelease(enter.release) && kept.over === input.attempt;
  const { version } = enter.release;
  if (!isAsked) {
    const message = `${version} passed its gates; a pull request asks people to merge it.`;
    return { do: 'Open', entry: { ...rest, reason: 'WaitsForMerge', message } };
  }
  const lookInMs = kept.lookedAtMs + lookEveryMs - nowMs;
  const words =
    kept.state === 'Open'
      ? ({ reason: 'WaitsForMerge', message: `${version} waits for ${kept.url} to be merged.` } as const)
      : ({
          reason: 'ProposalDeclined',
          message: `${version} was declined: somebody closed ${kept.url}. Reopen it, or promote the release by hand.`,
        } as const);
  return {
    do: lookInMs <= 0 ? 'Look' : 'Nothing',
    entry: { ...rest, ...words, recheckAfterMs: lookInMs <= 0 ? lookEveryMs : lookInMs },
  };
}
