import { trackingKey, type ApplicationId, type KubeObject, type ObjectKey } from '@fairlead/core/model';

/** How an application signs what it applies of one kind. */
export interface Tracking {
  readonly fieldManager: string;
  /** Value of the label. */
  readonly label: string;
  /** Value of the annotation; undefined where several applications may share the object. */
  readonly annotation: string | undefined;
}

/** An application, and the 16 hex digits of the SHA-256 of its TEAM/NAME. */
export interface TrackedApplication {
  readonly application: ApplicationId;
  readonly trackingId: string;
}

/**
 * The names on an object. A Namespace may be in several applications: each has a field manager of its own there, and the label
 * says `shared`.
 */
export function trackingOf(key: Pick<ObjectKey, 'group' | 'kind'>, owner: TrackedApplication): Tracking {
  if (key.group === '' && key.kind === 'Namespace') {
    return { fieldManager: `fairlead:${owner.trackingId}`, label: 'shared', annotation: undefined };
  }
  return { fieldManager: 'fairlead', label: owner.trackingId, annotation: owner.application };
}

/** The object as it is sent: with label and annotation of its application, which are no part of its digest. */
export function withTracking(object: KubeObject, tracking: Tracking): KubeObject {
  const { labels, annotations } = object.metadata;
  const annotated =
    tracking.annotation === undefined ? {} : { annotations: { ...annotations, [trackingKey]: tracking.annotation } };
  return {
    ...object,
    metadata: { ...object.metadata, labels: { ...labels, [trackingKey]: tracking.label }, ...annotated },
  };
}
