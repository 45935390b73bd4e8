import type { HealthState, KubeObject, Reason } from '@fairlead/core/model';

/** What is known of one object's health. */
export interface Health {
  readonly status: HealthState;
  readonly reason: Reason;
  /** For people; names numbers, such as "2 of 3 replicas available". */
  readonly message: string;
}

/** What a check may know beside the object. */
export interface CheckContext {
  /** When a claim of this storage class is bound; undefined where nobody has looked. */
  readonly bindingMode?: (storageClassName: string) => 'Immediate' | 'WaitForFirstConsumer' | undefined;
}

/**
 * The rule of one kind. Called for objects that are neither terminating nor of a stale `observedGeneration`; of a stale one
 * it is asked without the status, and only whether its manifest suspends it counts.
 */
export type Check = (object: KubeObject, context: CheckContext) => Health;

/** The object does what its manifest asks for. */
export function healthy(message: string, reason: Reason = 'Current'): Health {
  return { status: 'Healthy', reason, message };
}

/** It is on its way, and nobody has said that it will not arrive. */
export function progressing(message: string, reason: Reason = 'ReconcileInProgress'): Health {
  return { status: 'Progressing', reason, message };
}

/** Its controller, or its own state, says that it failed. */
export function degraded(message: string, reason: Reason = 'ReconcileFailed'): Health {
  return { status: 'Degraded', reason, message };
}

/** Its own specification holds it. */
export function suspended(message: string): Health {
  return { status: 'Suspended', reason: 'ObjectSuspended', message };
}

/** Nothing can be said. */
export function unknown(message: string): Health {
  return { status: 'Unknown', reason: 'HealthUnknown', message };
}
