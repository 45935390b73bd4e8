import { asFairleadError, type CommitSha, type FairleadError, type JsonObject } from '@fairlead/core/model';
import type { Change, Guard } from '@fairlead/ports/store';
import type { LedgerDraft } from './drafts.ts';
import type { PlannerPorts } from './ports.ts';
import { openPull, proposedLine, subjectOf } from './pulls.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import { unitOfKey, type Unit } from './units.ts';

/** Halts and rollbacks that a protected branch does not take: people are asked to merge them. */

/** What is kept of such a pull request. */
interface KeptStop {
  /** The attempt that is to be stopped. */
  readonly attempt: CommitSha;
  readonly type: string;
  readonly number: number;
}

interface Stopping {
  readonly snapshot: FleetSnapshot;
  readonly nowMs: number;
  readonly guard: Guard;
}

type StopPorts = Pick<PlannerPorts, 'repository' | 'forge' | 'store'>;

/** Opens a pull request for each halt and rollback of a refused push, once. Returns what kept it from that. */
export async function askForStops(
  ports: StopPorts,
  { drafts, ...by }: Stopping & { readonly drafts: readonly LedgerDraft[] },
): Promise<FairleadError | undefined> {
  let problem: FairleadError | undefined;
  for (const draft of drafts) {
    const { type, unit } = draft.about;
    const attempt = unit && attemptOf(by.snapshot, unit);
    if (unit === undefined || attempt === undefined || (type !== 'Halted' && type !== 'RolledBack')) continue;
    try {
      await ask(ports, { ...by, draft, unit, attempt });
    } catch (thrown) {
      problem ??= asFairleadError(thrown, { reason: 'LedgerUnwritable' });
    }
  }
  return problem;
}

async function ask(
  { repository, forge, store }: StopPorts,
  { snapshot, nowMs, guard, draft, unit, attempt }: Stopping & { draft: LedgerDraft; unit: Unit; attempt: CommitSha },
): Promise<void> {
  const { type, trouble } = draft.about;
  const kept = (await store.fact(keyOf(unit))) as unknown as KeptStop | undefined;
  if (forge === undefined || (kept?.attempt === attempt && kept.type === type)) return;
  const branch = `fairlead/stop/${unit.key}`;
  const pull = await openPull({ repository, forge }, snapshot, { branch, draft, body: bodyOf(draft) });
  const value: KeptStop = { attempt, type, number: pull.number };
  const message = `${subjectOf(draft)}: the branch takes no push of the hub; ${pull.url} asks people to merge it. ${trouble.message}`;
  await store.write(
    [
      { put: 'fact', key: keyOf(unit), value: value as unknown as JsonObject },
      proposedLine(unit, { atMs: nowMs, reason: 'WaitsForMerge', message }),
    ],
    guard,
  );
}

/** Closes pull requests for what is stopped by now, or is not there any more. Returns what kept it from that. */
export async function tidyStops(
  { forge, store }: StopPorts,
  { snapshot, guard }: Stopping,
): Promise<FairleadError | undefined> {
  if (forge === undefined) return undefined;
  try {
    for (const [key, value] of await store.facts(prefix)) {
      const { attempt, number } = value as unknown as KeptStop;
      const unit = unitOfKey(key.slice(prefix.length));
      const halted = snapshot.ledger.releases.get(unit.key)?.spec.halted?.attempt;
      if (attemptOf(snapshot, unit) === attempt && halted !== attempt) continue;
      await forge.close(number, 'The ledger says so already, or has moved on.');
      const forget: Change = { drop: 'fact', key };
      await store.write([forget], guard);
    }
  } catch (thrown) {
    return asFairleadError(thrown, { reason: 'LedgerUnwritable' });
  }
  return undefined;
}

const prefix = 'stop:';

function keyOf({ key }: Unit): string {
  return `${prefix}${key}`;
}

function attemptOf({ named }: FleetSnapshot, { key }: Unit): CommitSha | undefined {
  return named.get(key)?.[0]?.commit;
}

function bodyOf({ about: { type, trouble } }: LedgerDraft): string {
  const does = type === 'Halted' ? 'writes that down' : 'goes back to the release before it';
  return [
    `${trouble.message} The rollout is halted already: no further cluster gets the release. Merging this ${does}.`,
    'The hub may not push to this branch. Let it, so that a halt needs nobody.',
  ].join('\n\n');
}
