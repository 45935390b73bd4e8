import type { HistoryView, RolloutView, StepView } from '@fairlead/wire/rest';
import { openGates, waitsOf } from './waits.ts';

/** A candidate as the gates look at it. */
export interface Candidate {
  /** Digest of the release: what the API takes. */
  readonly release: string;
  readonly definition: string;
  /** `NAME=REVISION` of each source. */
  readonly sources: readonly string[];
}

/** What a person may ask for here; what makes no sense now is left out. */
export interface Actions {
  readonly approve?: Candidate;
  /** What `resume` would take away. */
  readonly resume?: 'Halt' | 'Hold' | 'Pause';
  readonly hold: boolean;
  readonly rollback: boolean;
}

/** What is known of one application in one environment. */
export interface Known {
  readonly rollout: RolloutView;
  readonly step: Pick<StepView, 'halted' | 'hold'> | undefined;
  /** Commits of its ledger file, newest first. */
  readonly history: readonly Pick<HistoryView, 'action' | 'release'>[];
}

/** The actions that make sense. Who may take them is for the hub to say. */
export function actionsOf({ rollout, step, history }: Known): Actions {
  const { candidate, next } = rollout;
  const waits = waitsOf({ waitsFor: openGates(rollout), ...(next && { next }) });
  const inForce = rollout.release !== undefined;
  const resume = resumable({ rollout, step, paused: waits.includes('Resume') });
  return {
    ...(candidate !== undefined && waits.includes('Approval') && { approve: candidateOf(candidate) }),
    ...(resume && { resume }),
    hold: inForce && step?.hold === undefined,
    rollback:
      inForce && history[0]?.action !== 'Rollback' && history.some(({ release }) => release !== rollout.release),
  };
}

/** The parts of `candidate` as trailers write it: digest, definition's commit, and each source's revision. */
export function candidateOf(text: string): Candidate {
  const [release = '', definition = '', ...sources] = text.split(' ');
  return { release, definition, sources };
}

function resumable({ rollout, step, paused }: Omit<Known, 'history'> & { paused: boolean }): Actions['resume'] {
  if (step?.halted !== undefined || rollout.state === 'Halted') return 'Halt';
  if (step?.hold !== undefined) return 'Hold';
  return paused ? 'Pause' : undefined;
}
