import type { KubeObject } from '@fairlead/core/model';
import { conditionOf, conditionText, listAt, numberAt, textAt, valueAt } from '../../../fields.ts';
import { whileNotTrue } from '../../../generic.ts';
import { degraded, type Health, healthy, progressing, suspended, unknown } from '../../../verdict.ts';

/** Words of the kubelet for a container that waits and will not start by itself, or starts in vain. */
const stuck: ReadonlySet<string> = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

/** A Pod is healthy when it is ready, or ended well; one that failed is degraded, never current. */
export function check(object: KubeObject): Health {
  const phase = textAt(object, 'status.phase');
  if (phase === 'Succeeded') return healthy('it ended well', 'RanToItsEnd');
  if (phase === 'Failed') return degraded(failureText(object), 'RunFailed');
  if (phase === 'Unknown') return unknown('its node does not answer');
  const waiting = stuckContainer(object);
  if (waiting) return degraded(waiting, 'ContainerCannotStart');
  if (phase === 'Running') return running(object);
  const scheduled = conditionOf(object, 'PodScheduled');
  if (scheduled?.reason === 'SchedulingGated') return suspended('its scheduling gates hold it');
  if (scheduled?.status === 'False') return progressing(conditionText(scheduled), 'Unschedulable');
  return progressing(phase === '' ? 'nothing has seen it yet' : 'its containers are being started');
}

function running(object: KubeObject): Health {
  const ready = conditionOf(object, 'Ready');
  const statuses = listAt(object, 'status.containerStatuses');
  const count = `${statuses.filter((status) => valueAt(status, 'ready') === true).length} of ${statuses.length} containers ready`;
  if (ready?.status === 'True') return whileNotTrue(ready, object) ?? healthy(count);
  return progressing(ready?.message ? `${count}; ${ready.message}` : count);
}

function stuckContainer(object: KubeObject): string | undefined {
  for (const status of [
    ...listAt(object, 'status.initContainerStatuses'),
    ...listAt(object, 'status.containerStatuses'),
  ]) {
    const reason = textAt(status, 'state.waiting.reason');
    if (!stuck.has(reason)) continue;
    const restarts = numberAt(status, 'restartCount');
    const detail = textAt(status, 'state.waiting.message');
    return `container ${textAt(status, 'name')}: ${reason}${restarts > 0 ? ` after ${restarts} restarts` : ''}${detail === '' ? '' : ` (${detail})`}`;
  }
  return undefined;
}

function failureText(object: KubeObject): string {
  const said = [textAt(object, 'status.reason'), textAt(object, 'status.message')].filter(Boolean).join(': ');
  if (said !== '') return said;
  const ended = listAt(object, 'status.containerStatuses').filter(
    (status) => numberAt(status, 'state.terminated.exitCode') !== 0,
  );
  if (ended.length === 0) return 'it failed';
  return ended
    .map((status) => `container ${textAt(status, 'name')} ended with ${numberAt(status, 'state.terminated.exitCode')}`)
    .join(', ');
}
