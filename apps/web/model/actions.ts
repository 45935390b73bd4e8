import type { RolloutView, StepView } from '@fairlead/wire/rest';
import { openGates, waitsOf } from './waits.ts';

/** A candidate as the gates look at it. */
export interface Candidate {
  /** Digest of the release: what the API takes. */
  readonly release: string;
  readonly definition: string;
  /** `NAME=REVISION` of each source. */
  readonly sources: readonly string[];
}

/** What keeps a rollout, or releases, from going on until a person resumes. */
export type Stop = 'Halt' | 'Hold' | 'Pause';

/** What a person may ask for here; what makes no sense now is left out. */
export interface Actions {
  readonly approve?: Candidate;
  /** What `resume` would take away, all of it with one commit; missing where there is nothing. */
  readonly resume?: readonly Stop[];
  readonly hold: boolean;
  readonly rollback: boolean;
}

/** What is known of one application in one environment. */
export interface Known {
  readonly rollout: RolloutView;
  readonly step: Pick<StepView, 'halted' | 'hold' | 'fallback'> | undefined;
}

/** The actions that make sense. Who may take them is for the hub to say. */
export function actionsOf({ rollout, step }: Known): Actions {
  const { candidate, next } = rollout;
  const waits = waitsOf({ waitsFor: openGates(rollout), ...(next && { next }) });
  const inForce = rollout.release !== undefined;
  const resume = stopsOf({ rollout, step, paused: waits.includes('Resume') });
  return {
    ...(candidate !== undefined && waits.includes('Approval') && { approve: candidateOf(candidate) }),
    ...(resume.length > 0 && { resume }),
    hold: inForce && step?.hold === undefined,
    rollback: inForce && step?.fallback !== undefined,
  };
}

/** The parts of `candidate` as trailers write it: digest, definition's commit, and each source's revision. */
export function candidateOf(text: string): Candidate {
  const [release = '', definition = '', ...sources] = text.split(' ');
  return { release, definition, sources };
}

/** A halt and a hold go together; a pause only where there is neither. */
function stopsOf({ rollout, step, paused }: Known & { paused: boolean }): Stop[] {
  const stops: Stop[] = [];
  if (step?.halted !== undefined || rollout.state === 'Halted') stops.push('Halt');
  if (step?.hold !== undefined) stops.push('Hold');
  if (stops.length === 0 && paused) stops.push('Pause');
  return stops;
}
