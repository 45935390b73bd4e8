import type { KubeObject } from '@fairlead/core/model';
import { listAt, textAt, valueAt } from '../../../fields.ts';
import { type Health, healthy, suspended } from '../../../verdict.ts';

/** A CronJob is healthy while it may start Jobs. What its Jobs come to is theirs to say. */
export function check(object: KubeObject): Health {
  if (valueAt(object, 'spec.suspend') === true) return suspended('it is suspended, so it starts no Jobs');
  const last = textAt(object, 'status.lastScheduleTime');
  const active = listAt(object, 'status.active').length;
  return healthy(
    `${active} ${active === 1 ? 'Job' : 'Jobs'} active, ${last === '' ? 'none started yet' : `last started ${last}`}`,
  );
}
