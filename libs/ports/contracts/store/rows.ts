import type {
  ApplicationId,
  ApplicationStatus,
  ClusterName,
  CommitSha,
  Digest,
  EnvironmentName,
} from '@fairlead/core/model';
import type { AssignmentRow, HeadRow, StatusRow } from '@fairlead/ports/store';

/** A digest that ends in `text` (hex digits). */
export function digestOf(text: string): Digest {
  return `sha256:${text.padStart(64, '0')}` as Digest;
}

/** A commit that ends in `text` (hex digits). */
export function commitOf(text: string): CommitSha {
  return text.padStart(40, '0') as CommitSha;
}

/** A row of what a cluster said, InSync and Healthy unless told. */
export function statusRow(cluster: string, application: string, status: Partial<ApplicationStatus> = {}): StatusRow {
  return {
    cluster: cluster as ClusterName,
    sinceMs: 1000,
    observedAtMs: 2000,
    healthySinceMs: 500,
    status: {
      application: application as ApplicationId,
      release: digestOf('1'),
      bundle: digestOf('2'),
      attempt: commitOf('3'),
      sync: 'InSync',
      health: 'Healthy',
      drift: 'None',
      reason: 'Applied',
      message: 'all is well',
      objects: 3,
      healthyObjects: 3,
      healthyForMs: 1500,
      problems: [],
      ...status,
    },
  };
}

/** A row of what a cluster was given. */
export function assignmentRow(cluster: string, application: string, environment: string): AssignmentRow {
  return {
    cluster: cluster as ClusterName,
    application: application as ApplicationId,
    environment: environment as EnvironmentName,
    generation: 4,
    assignedAtMs: 3000,
    wave: 'canary',
    healthyBefore: true,
    entry: {
      application: application as ApplicationId,
      environment,
      release: digestOf('1'),
      version: '1.0.0',
      bundle: digestOf('2'),
      attempt: commitOf('3'),
      team: { namespaces: ['web-*'], allowKinds: [], denyKinds: ['ClusterRole'] },
      acknowledged: { '/Namespace//web': commitOf('4') },
    },
  };
}

/** The planner's columns at a position. */
export function headRow(cluster: string, epoch: number, generation: number): HeadRow {
  return {
    cluster: cluster as ClusterName,
    position: { epoch, generation },
    root: digestOf('5'),
    head: { bytes: new Uint8Array([1, 2, 3]), signature: new Uint8Array([4, 5]), keyId: 'key-1' },
  };
}
