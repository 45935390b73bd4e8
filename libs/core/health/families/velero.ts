import type { KubeObject } from '@fairlead/core/model';
import { listAt, numberAt, textAt } from '../fields.ts';
import { degraded, healthy, progressing, type Health } from '../verdict.ts';

/** Phases after which nothing but failure can come, though it may go on for a while. */
const failed = /^(FailedValidation|Failed|.*PartiallyFailed)$/;

/** Health of one run of Velero, a backup or a restore: healthy once it is complete, without a single error. */
export function veleroRun(object: KubeObject): Health {
  const phase = textAt(object, 'status.phase');
  if (phase === 'Completed') {
    const warnings = numberAt(object, 'status.warnings');
    return healthy(warnings === 0 ? 'it is complete' : `it is complete, with ${warnings} warnings`, 'RanToItsEnd');
  }
  if (failed.test(phase)) return degraded(`its phase is ${phase}${whyFailed(object)}`, 'RunFailed');
  if (phase === 'Deleting') return progressing('it is being deleted', 'ObjectTerminating');
  return progressing(phase === '' ? 'it has not started yet' : `its phase is ${phase}`, 'StillRunning');
}

/** What Velero says of a failure, in brackets; empty where it says nothing. */
export function whyFailed(object: KubeObject): string {
  const errors = numberAt(object, 'status.errors');
  const said = [
    ...listAt(object, 'status.validationErrors').filter((error) => typeof error === 'string'),
    textAt(object, 'status.failureReason'),
    errors > 0 ? `${errors} errors` : '',
  ].filter(Boolean);
  return said.length === 0 ? '' : ` (${said.join('; ')})`;
}
