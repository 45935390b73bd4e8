import { isGone } from '@fairlead/core/documents';
import type { ApplicationId, CommitSha } from '@fairlead/core/model';
import type { Trouble } from '@fairlead/core/rollout';
import type { Repository } from '@fairlead/ports/repository';
import type { FleetSnapshot } from './reader/snapshot.ts';
import type { Round } from './round.ts';
import { entryOf, unitOfKey, type Unit } from './units.ts';

/** The next ledger file to delete for an application, or why none is. */
export type Withdrawal =
  | { readonly unit: Unit; readonly cause: CommitSha }
  | { readonly unit: Unit; readonly held: Trouble };

/**
 * What follows from a deleted Application or pipeline entry: its ledger files go environment by environment, in the
 * order in which the application first entered them, each after the one before is withdrawn, within the removal budget.
 * A document that cannot be read deletes nothing.
 */
export async function nextWithdrawal(round: Round, application: ApplicationId): Promise<Withdrawal | undefined> {
  const { snapshot } = round;
  const { documents, left, ledger, named } = snapshot;
  const gone = isGone(documents, { kind: 'Application', name: application });
  if (!gone && !documents.applications.has(application)) return undefined;
  const units = [...left.keys()]
    .map(unitOfKey)
    .filter((unit) => unit.application === application && entryOf(snapshot, unit) === undefined)
    .sort((a, b) => enteredAtMs(named.get(a.key)) - enteredAtMs(named.get(b.key)));
  for (const unit of units) {
    const cause = left.get(unit.key);
    if (cause === undefined || ledger.brokenReleases.has(unit.key)) continue;
    if (ledger.releases.has(unit.key)) {
      const held = await round.departures.overBudget(round, cause);
      return held === undefined ? { unit, cause } : { unit, held };
    }
    const { plan, input } = await round.observe(unit);
    if (plan !== undefined && plan.state !== 'Over' && (input?.clusters.length ?? 0) > 0) return undefined;
  }
  return undefined;
}

function enteredAtMs(named: readonly { readonly timeMs: number }[] | undefined): number {
  return named?.at(-1)?.timeMs ?? 0;
}

/**
 * The commit that deleted the ledger file. The hub's own counts by the commit of the person whom it followed; what happens
 * to the pipeline after a person deleted the file takes nothing away any more.
 */
export async function removedBy(
  repository: Repository,
  { removed, left }: Pick<FleetSnapshot, 'removed' | 'left'>,
  { key }: Unit,
): Promise<CommitSha | undefined> {
  const deleted = removed.get(key);
  const cause = left.get(key);
  if (deleted === undefined || cause === undefined) return deleted;
  return (await repository.descends(deleted, cause)) ? cause : deleted;
}
