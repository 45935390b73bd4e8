import { desiredRoot } from '@fairlead/core/bundle';
import {
  comparePositions,
  FairleadError,
  type DesiredEntry,
  type DesiredHead,
  type HubMessage,
  type MessageOf,
  type Tombstone,
} from '@fairlead/core/model';
import type { AcceptedState } from '../state/agentState.ts';

/** What to do with a head whose signature was checked. */
export type Verdict =
  | { readonly take: 'Accept'; readonly next: AcceptedState }
  /** It is what the cluster has already. */
  | { readonly take: 'Known' }
  /** The changes do not lead from what the cluster has to the root: everything is to be asked for. */
  | { readonly take: 'AskForAll'; readonly why: string };

/**
 * Merges what changed into what the cluster has. Throws PositionBehind for a position before the cluster's own
 * (invariant I3), and for another root at the same position.
 */
export function mergeDesired(
  message: MessageOf<HubMessage, 'Desired'>,
  head: DesiredHead,
  accepted: AcceptedState | undefined,
): Verdict {
  if (accepted) {
    const order = comparePositions(head.position, accepted.position);
    if (order === 0 && head.root === accepted.root) return { take: 'Known' };
    if (order <= 0) throw behind(head, accepted);
  }
  if (message.since !== undefined && (!accepted || comparePositions(message.since, accepted.position) > 0)) {
    return { take: 'AskForAll', why: 'the changes begin after the position of this cluster' };
  }
  const base = message.since === undefined ? undefined : accepted;
  const gone = new Set(message.removed);
  const entries = merged<DesiredEntry>(base?.entries ?? [], message.entries, [gone, namesOf(message.tombstones)]);
  const tombstones = merged<Tombstone>(base?.tombstones ?? [], message.tombstones, [gone, namesOf(message.entries)]);
  if (desiredRoot({ entries, tombstones }) !== head.root) {
    return { take: 'AskForAll', why: 'the root does not follow from what was sent' };
  }
  return {
    take: 'Accept',
    next: { signed: message.head, position: head.position, root: head.root, entries, tombstones },
  };
}

function merged<Item extends { readonly application: string }>(
  before: readonly Item[],
  changed: readonly Item[],
  without: readonly ReadonlySet<string>[],
): Item[] {
  const items = new Map(before.map((item) => [item.application, item]));
  for (const names of without) for (const name of names) items.delete(name);
  for (const item of changed) items.set(item.application, item);
  return [...items.values()].sort((a, b) => (a.application < b.application ? -1 : 1));
}

function namesOf(items: readonly { readonly application: string }[]): Set<string> {
  return new Set(items.map(({ application }) => application));
}

function behind(head: DesiredHead, accepted: AcceptedState): FairleadError {
  const at = ({ epoch, generation }: DesiredHead['position']): string => `${epoch}.${generation}`;
  return new FairleadError(
    `Cannot accept a desired state: its position is ${at(head.position)} with root ${head.root}, and this cluster has ` +
      `${at(accepted.position)} with root ${accepted.root}; raise the epoch in the ledger's hub.yaml if the hub was restored`,
    { code: 'FailedPrecondition', reason: 'PositionBehind', subject: { cluster: head.cluster } },
  );
}
