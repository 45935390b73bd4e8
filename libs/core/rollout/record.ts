import { planRollout } from './planRollout.ts';
import type { RolloutInput, RolloutPlan } from './types.ts';

/** What a recorded plan keeps of {@link RolloutPlan}: what was done, and why. */
export type RecordedPlan = Pick<RolloutPlan, 'state' | 'reason' | 'message' | 'assign' | 'halt' | 'waves' | 'counts'>;

/** A decision about a rollout with everything that it rested on: run again, it comes to the same. Plain JSON. */
export interface RolloutRecord {
  readonly kind: 'Rollout';
  readonly input: RolloutInput;
  readonly decided: RecordedPlan;
}

/** A record of more clusters would be larger than anybody reads, and cost more than the decision. */
const mostClusters = 200;

/** The record of a decision; undefined where its input is too large to keep. */
export function recordRollout(input: RolloutInput, plan: RolloutPlan): RolloutRecord | undefined {
  return input.clusters.length > mostClusters ? undefined : { kind: 'Rollout', input, decided: recorded(plan) };
}

/** What this version decides about the same. */
export function replayRollout({ input }: RolloutRecord): RecordedPlan {
  return recorded(planRollout(input));
}

function recorded({ state, reason, message, assign, halt, waves, counts }: RolloutPlan): RecordedPlan {
  return { state, reason, message, assign, ...(halt && { halt }), waves, counts };
}
