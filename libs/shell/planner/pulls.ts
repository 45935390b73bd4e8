import type { Reason } from '@fairlead/core/model';
import type { Forge, PullRequest } from '@fairlead/ports/forge';
import type { Change } from '@fairlead/ports/store';
import type { LedgerDraft } from './drafts.ts';
import type { PlannerPorts } from './ports.ts';
import type { FleetSnapshot } from './reader/snapshot.ts';
import type { Unit } from './units.ts';

/** Where people are asked, and the commit that they are asked for. */
export interface Pull {
  /** Of the hub's own. */
  readonly branch: string;
  readonly draft: LedgerDraft;
  readonly body: string;
}

/** Puts a draft on its branch and asks people to merge it; one that is open asks for this draft from now on. */
export async function openPull(
  { repository, forge }: Pick<PlannerPorts, 'repository'> & { readonly forge: Forge },
  { head }: Pick<FleetSnapshot, 'head'>,
  { branch, draft, body }: Pull,
): Promise<PullRequest> {
  await repository.propose(head, { branch, draft });
  return forge.open({ branch, title: subjectOf(draft), body });
}

/** The first line of a draft's message. */
export function subjectOf({ message }: LedgerDraft): string {
  return message.split('\n', 1)[0] ?? '';
}

/** The line of the journal that says what was asked, or came of it. */
export function proposedLine(
  { application, environment }: Unit,
  said: { readonly atMs: number; readonly reason: Reason; readonly message: string },
): Change {
  return { put: 'event', row: { type: 'Proposed', ...said, application, environment } };
}
