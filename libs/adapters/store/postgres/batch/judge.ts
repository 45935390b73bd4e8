import { comparePositions, FairleadError, type Position } from '@fairlead/core/model';
import { factText, goingOn, type Change, type ContactRow, type Guard, type Hello } from '@fairlead/ports/store';
import type { Call } from './calls.ts';
import { Draft, pairKey, type State } from './draft.ts';

/** How one call ended: with its value, or alone with an error. */
export type Outcome = { readonly value: unknown } | { readonly error: FairleadError };

/**
 * Decides calls in order over what was locked: each as if it ran by itself after those before it. One whose guard does
 * not hold, or that asks for what is refused, changes nothing and takes nobody down with it.
 */
export function judge(calls: readonly Call[], state: State): { outcomes: Outcome[]; draft: Draft } {
  const draft = new Draft(state);
  const outcomes = calls.map((call): Outcome => {
    const error = call.kind === 'write' ? refusalOf(draft, call) : undefined;
    if (error) return { error };
    if (call.kind === 'hello') return { value: greet(draft, call) };
    for (const change of call.changes) apply(draft, change);
    return { value: undefined };
  });
  return { outcomes, draft };
}

function refusalOf(draft: Draft, { changes, guard }: Call & { kind: 'write' }): FairleadError | undefined {
  return guardRefusal(draft, guard) ?? headRefusal(draft, changes) ?? factRefusal(changes);
}

function guardRefusal(draft: Draft, guard: Guard | undefined): FairleadError | undefined {
  if (guard?.fence !== undefined && guard.fence !== draft.fence)
    return outdated(`Cannot write as leader ${guard.fence}: the current leader is ${draft.fence}.`);
  if (guard?.fact !== undefined) {
    const { key, field, is } = guard.fact;
    const seen = draft.fact(key);
    if (seen === undefined || seen[field] !== is)
      return outdated(`Cannot write: the fact ${key} is not as it was seen.`);
  }
  if (!guard?.session) return undefined;
  const { cluster, session } = guard.session;
  const now = draft.members.get(cluster)?.contact.session ?? 0;
  return now === session
    ? undefined
    : outdated(`Cannot write for session ${session} of ${cluster}: the current one is ${now}.`);
}

/** A position never goes back. */
function headRefusal(draft: Draft, changes: readonly Change[]): FairleadError | undefined {
  const positions = new Map<string, Position | undefined>();
  for (const change of changes) {
    if ('drop' in change) {
      if (change.drop === 'cluster') positions.set(change.cluster, undefined);
      continue;
    }
    if (change.put !== 'head') continue;
    const { cluster, position } = change.row;
    const old = positions.has(cluster) ? positions.get(cluster) : draft.position(cluster);
    if (old && comparePositions(position, old) < 0)
      return outdated(`Cannot give ${cluster} position ${textOf(position)}: it is at ${textOf(old)} already.`);
    positions.set(cluster, position);
  }
  return undefined;
}

function factRefusal(changes: readonly Change[]): FairleadError | undefined {
  try {
    for (const change of changes) if ('put' in change && change.put === 'fact') factText(change.key, change.value);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof FairleadError) return thrown;
    throw thrown;
  }
}

function greet(draft: Draft, { cluster, hello }: { cluster: string; hello: Hello }): number {
  const member = draft.memberOrNew(cluster);
  const { nowMs, ...facts } = hello;
  const session = member.contact.session + 1;
  Object.assign(member.contact, { ...facts, session, sequence: 0, connected: true });
  Object.assign(member.contact, { connectedAtMs: nowMs, lastHeardAtMs: nowMs, unansweredSinceMs: undefined });
  member.isHeard = true;
  return session;
}

function apply(draft: Draft, change: Change): void {
  if ('drop' in change) return drop(draft, change);
  switch (change.put) {
    case 'head': {
      const member = draft.memberOrNew(change.row.cluster);
      member.head = change.row;
      member.contact.position = change.row.position;
      return;
    }
    case 'contact':
      return putContact(draft, change.row);
    case 'assignment': {
      const { cluster, application } = change.row;
      return void draft.assignments.set(pairKey(cluster, application), { cluster, application, row: change.row });
    }
    case 'status': {
      const { cluster, status } = change.row;
      const { application } = status;
      const key = pairKey(cluster, application);
      const row = goingOn(change.row, draft.statuses.get(key)?.row);
      return void draft.statuses.set(key, { cluster, application, row });
    }
    case 'token':
      return void draft.tokens.set(change.row.hash, change.row);
    case 'blob':
      return void draft.blobs.set(change.row.digest, change.row);
    case 'fact':
      return void draft.facts.set(change.key, factText(change.key, change.value));
    case 'event':
      return void draft.events.push(change.row);
    case 'outbox':
      return void draft.outbox.push(change.row);
  }
}

function putContact(draft: Draft, { cluster, ...columns }: ContactRow): void {
  const member = draft.members.get(cluster);
  if (!member) return;
  Object.assign(member.contact, columns);
  // Columns that have no NULL.
  if ('connected' in columns) member.contact.connected = columns.connected === true;
  if ('sequence' in columns) member.contact.sequence = columns.sequence ?? 0;
  member.isHeard = true;
}

function drop(draft: Draft, change: Extract<Change, { drop: string }>): void {
  switch (change.drop) {
    case 'cluster':
      return draft.dropCluster(change.cluster);
    case 'assignment':
    case 'status': {
      const { cluster, application } = change;
      const pairs = change.drop === 'status' ? draft.statuses : draft.assignments;
      return void pairs.set(pairKey(cluster, application), { cluster, application, row: undefined });
    }
    case 'fact':
      return void draft.facts.set(change.key, undefined);
    case 'outbox':
      for (const id of change.ids) draft.sent.add(id);
  }
}

function outdated(message: string): FairleadError {
  return new FairleadError(message, { code: 'Conflict', reason: 'Superseded' });
}

function textOf({ epoch, generation }: Position): string {
  return `${epoch}.${generation}`;
}
