import type { KubeObject } from '@fairlead/core/model';
import { firstShort } from '../../../counts.ts';
import { numberAt, valueAt } from '../../../fields.ts';
import { untilAvailable } from '../../../families/machines.ts';
import { type Health, healthy, progressing } from '../../../verdict.ts';

/**
 * A MachineDeployment, a MachineSet or a control plane of machines is healthy when all replicas are of the newest template and
 * available: its own condition is content with fewer.
 */
export function check(object: KubeObject): Health {
  const unavailable = untilAvailable(object);
  if (unavailable) return unavailable;
  const want = numberAt(object, 'spec.replicas', 1);
  const updated = counted(object, ['upToDateReplicas', 'updatedReplicas']);
  const short = firstShort([
    { have: updated ?? want, want, what: 'replicas updated' },
    { have: counted(object, ['availableReplicas', 'readyReplicas']) ?? 0, want, what: 'replicas available' },
  ]);
  if (short) return short;
  const extra = numberAt(object, 'status.replicas') - want;
  if (extra > 0)
    return progressing(`${extra} surplus ${extra === 1 ? 'replica' : 'replicas'} still to end`, 'ReplicasUnavailable');
  return healthy(`${want} of ${want} replicas available`);
}

/** The first count that the version of the API writes. */
function counted(object: KubeObject, names: readonly string[]): number | undefined {
  const name = names.find((one) => valueAt(object, `status.${one}`) !== undefined);
  return name === undefined ? undefined : numberAt(object, `status.${name}`);
}
