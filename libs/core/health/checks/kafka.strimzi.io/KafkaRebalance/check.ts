import type { KubeObject } from '@fairlead/core/model';
import { annotationOf, conditionOf, conditionText } from '../../../fields.ts';
import { whileNotTrue } from '../../../generic.ts';
import { strimziPause } from '../../../families/strimzi.ts';
import { degraded, type Health, healthy, progressing, suspended } from '../../../verdict.ts';

const states = ['NotReady', 'Ready', 'Stopped', 'ProposalReady', 'Rebalancing', 'PendingProposal', 'New'];

/** A rebalance is healthy when it ended. A proposal waits for a person, unless an annotation approves it beforehand. */
export function check(object: KubeObject): Health {
  const paused = strimziPause(object);
  if (paused) return paused;
  const state = states.map((type) => conditionOf(object, type)).find((condition) => condition?.status === 'True');
  if (!state) return progressing('its operator has not seen it yet', 'StatusStale');
  const stale = whileNotTrue(state, object);
  if (stale) return stale;
  switch (state.type) {
    case 'NotReady':
      return degraded(conditionText(state), 'RunFailed');
    case 'Ready':
      return healthy('it is balanced', 'RanToItsEnd');
    case 'Stopped':
      return suspended('it was stopped');
    case 'ProposalReady':
      if (annotationOf(object, 'strimzi.io/rebalance-auto-approval') !== 'true')
        return suspended('its proposal waits for approval');
  }
  return progressing(`its state is ${state.type}`, 'StillRunning');
}
