import type { KubeObject } from '@fairlead/core/model';
import { listAt, textAt, valueAt } from '../../../fields.ts';
import { degraded, type Health, healthy, progressing, suspended, unknown } from '../../../verdict.ts';

/** What a comparison is of: a change of one of these makes the last one old. */
const compared = ['repoURL', 'path', 'chart', 'targetRevision'];

/**
 * An Argo CD Application is healthy when its objects are, and are what its source asks for. Its resource has no observed
 * generation (every refresh counts one up), so a stale status is told by the source of the last comparison.
 */
export function check(object: KubeObject): Health {
  const fault = listAt(object, 'status.conditions').find((condition) => textAt(condition, 'type').endsWith('Error'));
  if (fault !== undefined) return degraded(`${textAt(fault, 'type')}: ${textAt(fault, 'message')}`);
  const sync = textAt(object, 'status.sync.status');
  if (sync === '') return progressing('its controller has not seen it yet', 'StatusStale');
  if (isOld(object)) return progressing('its last comparison is of another source', 'StatusStale');
  const operation = textAt(object, 'status.operationState.phase');
  if (operation === 'Running') return progressing('it is being synced');
  if (sync !== 'Synced' && (operation === 'Failed' || operation === 'Error'))
    return degraded(`its last sync failed: ${textAt(object, 'status.operationState.message') || operation}`);
  return byHealth(object, sync);
}

function isOld(object: KubeObject): boolean {
  const last = sourcesAt(object, 'status.sync.comparedTo');
  if (last.length === 0) return false;
  const now = sourcesAt(object, 'spec');
  return (
    now.length !== last.length ||
    now.some((source, index) => compared.some((field) => textAt(source, field) !== textAt(last[index], field)))
  );
}

function sourcesAt(object: KubeObject, path: string): readonly unknown[] {
  const from = valueAt(object, path);
  const many = listAt(from, 'sources');
  const single = valueAt(from, 'source');
  return many.length > 0 || single === undefined ? many : [single];
}

function byHealth(object: KubeObject, sync: string): Health {
  const status = textAt(object, 'status.health.status');
  const message = textAt(object, 'status.health.message');
  const said = message === '' ? '' : ` (${message})`;
  if (status === 'Degraded') return degraded(`its objects are degraded${said}`);
  if (status === 'Suspended') return suspended(`its objects are suspended${said}`);
  if (status === 'Progressing') return progressing(`its objects are in progress${said}`);
  if (status === 'Missing') return progressing(`its objects do not exist yet${said}`);
  if (status !== 'Healthy') return unknown(`nothing is known of its objects${said}`);
  if (sync === 'Synced')
    return healthy(`its objects are healthy at ${textAt(object, 'status.sync.revision') || 'its source'}`);
  return sync === 'OutOfSync' ? progressing('it is out of sync') : unknown(`its sync is ${sync}`);
}
