import type { Reason } from '@fairlead/core/model';
import type { Report } from './types.ts';

/** Failures that no waiting mends; any other may pass until the time for it is over. */
const final: ReadonlySet<Reason> = new Set<Reason>([
  'ApplyFailed',
  'ConflictReported',
  'DuplicateObject',
  'InvalidManifest',
  'ObjectTaken',
  'OwnerPolicyForbids',
  'TeamForbids',
]);

/** Whether what a cluster was given could not be applied, and will not be by trying again. */
export function isFinal({ sync, reason }: Pick<Report, 'sync' | 'reason'>): boolean {
  return sync === 'Failed' && final.has(reason);
}
