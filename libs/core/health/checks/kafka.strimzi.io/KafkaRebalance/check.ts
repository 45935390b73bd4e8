import type { KubeObject } from '@fairlead/core/model';
import { annotationOf, conditionOf, conditionText, type Condition } from '../../../fields.ts';
import { strimziPause } from '../../../strimzi.ts';
import { degraded, type Health, healthy, progressing, suspended } from '../../../verdict.ts';

const states = ['NotReady', 'Ready', 'Stopped', 'ProposalReady', 'Rebalancing', 'PendingProposal', 'New'] as const;

/** A rebalance is healthy when it ended. A proposal waits for a person, unless an annotation approves it beforehand. */
export function check(object: KubeObject): Health {
  const paused = strimziPause(object);
  if (paused) return paused;
  const isTrue = (condition: Condition | undefined) => condition?.status === 'True';
  const state = states.find((type) => isTrue(conditionOf(object, type)));
  if (state === undefined) return progressing('its operator has not seen it yet', 'StatusStale');
  if (state === 'NotReady') return degraded(conditionText(conditionOf(object, state) as Condition), 'RunFailed');
  if (state === 'Ready') return healthy('it is balanced', 'RanToItsEnd');
  if (state === 'Stopped') return suspended('it was stopped');
  if (state === 'ProposalReady' && annotationOf(object, 'strimzi.io/rebalance-auto-approval') !== 'true')
    return suspended('its proposal waits for approval');
  return progressing(`its state is ${state}`, 'StillRunning');
}
