import { hash } from 'node:crypto';
import { trackingOf, withTracking, type Tracking } from '@fairlead/core/apply';
import { trackingId } from '@fairlead/core/bundle';
import { parseJson, type ApplicationId, type KubeObject, type ObjectKey } from '@fairlead/core/model';

/** True for the kind that applications share. */
export function isNamespace(key: Pick<ObjectKey, 'group' | 'kind'>): boolean {
  return key.group === '' && key.kind === 'Namespace';
}

/** Who was asked for last: a pass asks for one application thousands of times, and its id is a digest. */
let latest = { application: '' as ApplicationId, trackingId: '' };

/** Field manager, label and annotation of an application on objects of a kind. */
export function trackingFor(key: Pick<ObjectKey, 'group' | 'kind'>, application: ApplicationId): Tracking {
  if (latest.application !== application) latest = { application, trackingId: trackingId(application) };
  return trackingOf(key, latest);
}

/** What is sent for an object of a bundle: its canonical text, with the namespace of its filled-in key, and our names on it. */
export function manifestOf(text: string, options: { key: ObjectKey; application: ApplicationId }): KubeObject {
  const { key, application } = options;
  const object = parseJson(text) as KubeObject;
  const { namespace: _, ...metadata } = object.metadata;
  const placed = key.namespace === '' ? metadata : { ...metadata, namespace: key.namespace };
  return withTracking({ ...object, metadata: placed }, trackingFor(key, application));
}

/** A short digest for comparing within one agent. */
export function fingerprint(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, 22);
}
