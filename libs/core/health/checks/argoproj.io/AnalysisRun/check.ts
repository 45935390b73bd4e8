import type { KubeObject } from '@fairlead/core/model';
import { textAt } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing, unknown } from '../../../verdict.ts';

/** An AnalysisRun is healthy when all its measurements ended well. An inconclusive one never passes. */
export function check(object: KubeObject): Health {
  const phase = textAt(object, 'status.phase');
  const message = textAt(object, 'status.message');
  const said = message === '' ? '' : ` (${message})`;
  if (phase === 'Successful') return healthy('its measurements passed', 'RanToItsEnd');
  if (phase === 'Failed' || phase === 'Error') return degraded(`its phase is ${phase}${said}`, 'RunFailed');
  if (phase === 'Inconclusive') return unknown(`its measurements are inconclusive${said}`);
  return progressing(phase === '' ? 'it has not started yet' : 'its measurements are being taken', 'StillRunning');
}
