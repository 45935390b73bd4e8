import type { KubeObject } from '@fairlead/core/model';
import { annotationOf, conditionOf, conditionText, textAt } from '../../../fields.ts';
import { type CheckContext, degraded, type Health, healthy, progressing } from '../../../verdict.ts';

/** The volume controller writes this one when provisioning begins; with WaitForFirstConsumer that is after a Pod chose a node. */
const provisioner = 'volume.kubernetes.io/storage-provisioner';
const selectedNode = 'volume.kubernetes.io/selected-node';

/**
 * A claim is healthy when it is bound, or when it waits for its first Pod as its class asks (that Pod's own health tells the rest).
 * Where the class's mode is not known, a claim of a class for which nobody has begun to provision is taken to wait.
 */
export function check(object: KubeObject, context: CheckContext): Health {
  const phase = textAt(object, 'status.phase');
  if (phase === 'Lost') return degraded(`its volume ${textAt(object, 'spec.volumeName')} is gone`);
  if (phase === 'Bound') return bound(object);
  if (phase === 'Pending' && waitsForConsumer(object, context))
    return healthy('it is bound as soon as a Pod uses it', 'WaitsForConsumer');
  const node = annotationOf(object, selectedNode);
  return progressing(node === '' ? 'it is not bound yet' : `it is not bound yet; a Pod on ${node} waits for it`);
}

function waitsForConsumer(object: KubeObject, context: CheckContext): boolean {
  const className = textAt(object, 'spec.storageClassName');
  if (className === '' || textAt(object, 'spec.volumeName') !== '' || annotationOf(object, selectedNode) !== '')
    return false;
  const mode = context.bindingMode?.(className);
  return mode === undefined ? annotationOf(object, provisioner) === '' : mode === 'WaitForFirstConsumer';
}

function bound(object: KubeObject): Health {
  for (const type of ['Resizing', 'FileSystemResizePending', 'ModifyingVolume']) {
    const condition = conditionOf(object, type);
    if (condition?.status === 'True') return progressing(conditionText(condition));
  }
  const failed = conditionOf(object, 'ModifyVolumeError');
  if (failed?.status === 'True') return degraded(conditionText(failed));
  return healthy(`it is bound to ${textAt(object, 'spec.volumeName')}`);
}
