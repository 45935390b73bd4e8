import type { CommitSha, DesiredEntry, Digest } from '@fairlead/core/model';
import type { ReleaseRef } from '@fairlead/core/releases';
import { teamOf } from './goals.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import type { Unit } from './units.ts';

/** What an entry is made from. */
export interface EntryParts {
  readonly unit: Unit;
  readonly release: Pick<ReleaseRef, 'digest' | 'version'>;
  readonly bundle: Digest;
  readonly attempt: CommitSha;
}

/** The entry that a cluster is given: all that its agent is told of one application. */
export function entryFor(snapshot: FleetSnapshot, { unit, release, bundle, attempt }: EntryParts): DesiredEntry {
  const { namespaces, allowKinds, denyKinds } = teamOf(snapshot, unit);
  return {
    application: unit.application,
    environment: unit.environment,
    release: release.digest,
    version: release.version,
    bundle,
    attempt,
    team: { namespaces, allowKinds, denyKinds },
    acknowledged: acknowledgedOf(snapshot, unit),
  };
}

/** Deletions of protected objects that commits allow in the unit: key text → the newest such commit. */
export function acknowledgedOf(snapshot: FleetSnapshot, unit: Unit): Readonly<Record<string, CommitSha>> {
  const allowed: Record<string, CommitSha> = {};
  for (const { acknowledgement, commit } of snapshot.acknowledged) {
    const [key, object] = acknowledgement.subject.split(' ');
    if (acknowledgement.kind === 'Protected' && key === unit.key && object !== undefined) allowed[object] = commit;
  }
  return allowed;
}
