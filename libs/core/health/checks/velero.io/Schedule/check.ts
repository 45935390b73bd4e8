import type { KubeObject } from '@fairlead/core/model';
import { textAt, valueAt } from '../../../fields.ts';
import { whyFailed } from '../../../families/velero.ts';
import { degraded, type Health, healthy, progressing, suspended } from '../../../verdict.ts';

/** A Schedule is healthy while it may start backups. What they come to is theirs to say. */
export function check(object: KubeObject): Health {
  if (valueAt(object, 'spec.paused') === true) return suspended('it is paused, so it starts no backups');
  const phase = textAt(object, 'status.phase');
  if (phase === 'FailedValidation') return degraded(`its phase is ${phase}${whyFailed(object)}`);
  if (phase !== 'Enabled') return progressing('its controller has not enabled it yet');
  const last = textAt(object, 'status.lastBackup');
  return healthy(last === '' ? 'it has started no backup yet' : `its last backup was at ${last}`);
}
