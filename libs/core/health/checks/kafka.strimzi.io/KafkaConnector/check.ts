import type { KubeObject } from '@fairlead/core/model';
import { listAt, textAt, valueAt } from '../../../fields.ts';
import { strimzied } from '../../../families/strimzi.ts';
import { degraded, type Health, suspended } from '../../../verdict.ts';

/** A connector is healthy when it and all its tasks run: its operator may call it ready while a task has failed. */
export function check(object: KubeObject): Health {
  const asked = textAt(object, 'spec.state');
  if (asked === 'paused' || asked === 'stopped') return suspended(`it is ${asked}`);
  if (valueAt(object, 'spec.pause') === true) return suspended('it is paused');
  const health = strimzied(object);
  if (health.status !== 'Healthy') return health;
  if (textAt(object, 'status.connectorStatus.connector.state') === 'FAILED')
    return degraded('the connector has failed');
  const tasks = listAt(object, 'status.connectorStatus.tasks');
  const failed = tasks.filter((task) => textAt(task, 'state') === 'FAILED').length;
  return failed > 0 ? degraded(`${failed} of ${tasks.length} tasks have failed`) : health;
}
