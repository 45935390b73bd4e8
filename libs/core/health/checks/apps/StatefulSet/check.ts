import type { KubeObject } from '@fairlead/core/model';
import { firstShort, notObserved } from '../../../counts.ts';
import { numberAt, textAt, valueAt } from '../../../fields.ts';
import { type Health, healthy, progressing } from '../../../verdict.ts';

/**
 * A StatefulSet is healthy when its replicas are available and those that its partition lets through are of the newest
 * revision. With `OnDelete` nobody but a person moves replicas to a revision, so revisions do not count.
 */
export function check(object: KubeObject): Health {
  const unseen = notObserved(object);
  if (unseen) return unseen;
  const want = numberAt(object, 'spec.replicas', 1);
  const created = firstShort([{ have: numberAt(object, 'status.replicas'), want, what: 'replicas created' }]);
  if (created) return created;
  if (textAt(object, 'spec.updateStrategy.type') !== 'OnDelete') {
    const rolling = rollingUpdate(object, want);
    if (rolling) return rolling;
  }
  const short = firstShort([
    { have: numberAt(object, 'status.readyReplicas'), want, what: 'replicas ready' },
    { have: availableOf(object), want, what: 'replicas available' },
  ]);
  if (short) return short;
  const extra = numberAt(object, 'status.replicas') - want;
  if (extra > 0)
    return progressing(`${extra} surplus ${extra === 1 ? 'replica' : 'replicas'} still to end`, 'ReplicasUnavailable');
  return healthy(`${want} of ${want} replicas available`);
}

function rollingUpdate(object: KubeObject, want: number): Health | undefined {
  if (textAt(object, 'status.currentRevision') === textAt(object, 'status.updateRevision')) return undefined;
  // Replicas whose ordinal is below the partition stay at the old revision by the manifest's own wish.
  const due = Math.max(want - numberAt(object, 'spec.updateStrategy.rollingUpdate.partition'), 0);
  const short = firstShort([{ have: numberAt(object, 'status.updatedReplicas'), want: due, what: 'replicas updated' }]);
  if (short || due < want) return short;
  return progressing('every replica is updated, and the controller closes the rollout', 'ReplicasUnavailable');
}

/** Before Kubernetes 1.22 there is no `availableReplicas`. */
function availableOf(object: KubeObject): number {
  return valueAt(object, 'status.availableReplicas') === undefined
    ? numberAt(object, 'status.readyReplicas')
    : numberAt(object, 'status.availableReplicas');
}
