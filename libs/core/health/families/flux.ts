import type { KubeObject } from '@fairlead/core/model';
import { conditionOf, conditionText, isFresh, textAt, valueAt } from '../fields.ts';
import { whileNotTrue } from '../generic.ts';
import { degraded, healthy, progressing, suspended, type Health } from '../verdict.ts';

/** Reasons of `Ready` that wait for another object and go away by themselves. */
const waits: ReadonlySet<string> = new Set(['Progressing', 'DependencyNotReady', 'ArtifactFailed', 'SourceNotReady']);

/**
 * Health of what Flux's controllers reconcile. A suspended object keeps its last conditions, and its controller never looks at
 * a newer generation. Stalled means that only a change helps; while it reconciles it is in progress, failures that are retried
 * included; `Ready` False and neither of the two is a failure.
 */
export function fluxed(object: KubeObject): Health {
  if (valueAt(object, 'spec.suspend') === true) return suspended('it is suspended, so Flux leaves it alone');
  const stalled = conditionOf(object, 'Stalled');
  if (stalled?.status === 'True' && isFresh(stalled, object)) return degraded(conditionText(stalled));
  const ready = conditionOf(object, 'Ready');
  if (!ready) return progressing('its controller has not seen it yet', 'StatusStale');
  const reconciling = conditionOf(object, 'Reconciling');
  const isReconciling = reconciling?.status === 'True' && isFresh(reconciling, object);
  const failed = ready.status === 'False' && isFresh(ready, object) && !isReconciling && !waits.has(ready.reason);
  if (failed) return degraded(conditionText(ready));
  const pending = whileNotTrue(ready, object);
  if (pending) return pending;
  if (isReconciling) return progressing(conditionText(reconciling));
  const revision = textAt(object, 'status.lastAppliedRevision') || textAt(object, 'status.artifact.revision');
  return healthy(revision === '' ? 'it is ready' : `it is ready at ${revision}`);
}
