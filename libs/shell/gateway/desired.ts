import {
  comparePositions,
  type Digest,
  type HubMessage,
  type MessageOf,
  type Position,
  type SignedHead,
} from '@fairlead/core/model';
import type { AssignmentRow } from '@fairlead/ports/store';

/** A desired state by its position and root. */
export interface Mark {
  readonly position: Position;
  readonly root: Digest;
}

/** What to send of the planner's last head. */
export type DesiredDecision =
  | { readonly send: 'Nothing' | 'Full' }
  | { readonly send: 'Since'; readonly since: Position }
  /** The agent is at a position that the store does not know: the epoch must be raised by a commit. */
  | { readonly send: 'Unknown' };

/** Decides from where the agent is, what was sent to it last, and the head. */
export function decideDesired(at: {
  readonly head: Mark;
  readonly agent: Mark | undefined;
  readonly sent: Mark | undefined;
}): DesiredDecision {
  const { head, agent, sent } = at;
  if (sent && sameMark(sent, head)) return { send: 'Nothing' };
  if (agent && sameMark(agent, head)) return { send: 'Nothing' };
  if (agent && comparePositions(agent.position, head.position) >= 0) return { send: 'Unknown' };
  // The store was set back behind what went out on this stream: the agent's word on that comes first.
  if (sent && comparePositions(sent.position, head.position) > 0) return { send: 'Nothing' };
  // Generations count anew in each epoch, so that changes since one of another epoch mean nothing.
  if (!agent || agent.position.epoch !== head.position.epoch) return { send: 'Full' };
  return { send: 'Since', since: agent.position };
}

/** True if both name the same desired state. */
export function sameMark(a: Mark, b: Mark): boolean {
  return a.root === b.root && comparePositions(a.position, b.position) === 0;
}

/** The message: everything, or what changed after `since`. */
export function desiredMessage(
  head: SignedHead,
  { rows, since }: { readonly rows: readonly AssignmentRow[]; readonly since: Position | undefined },
): MessageOf<HubMessage, 'Desired'> {
  const changed = since ? rows.filter((row) => row.generation > since.generation) : rows;
  return {
    type: 'Desired',
    head,
    ...(since && { since }),
    entries: changed.flatMap((row) => row.entry ?? []),
    tombstones: changed.flatMap((row) => row.tombstone ?? []),
    removed: since ? changed.filter((row) => !row.entry && !row.tombstone).map((row) => row.application) : [],
  };
}
