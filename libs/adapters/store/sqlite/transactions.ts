import type { DatabaseSync } from 'node:sqlite';
import type { Change } from '@fairlead/ports/store';
import type { Calls } from './calls.ts';
import { plainError, type CallName, type Reply, type Request } from './protocol.ts';

/** Answers of calls, and whether one of them put something into the outbox. */
export interface Answers {
  readonly replies: readonly Reply[];
  readonly rang: boolean;
}

const writing: ReadonlySet<CallName> = new Set([
  'write',
  'raiseSession',
  'lead',
  'resign',
  'beat',
  'sweepInstances',
  'claimToken',
  'missingBlobs',
  'dropBlobs',
]);

/**
 * Carries out calls in order, in one transaction if one of them writes. First without savepoints, for next to nothing
 * fails after its guard has held; where something does, all is undone and done again with a savepoint for each call, so
 * that the one that fails takes none of the others down.
 */
export function transactions(database: DatabaseSync, calls: Calls): (requests: readonly Request[]) => Answers {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const answerAll = (requests: readonly Request[], answer: (request: Request) => Reply): readonly Reply[] => {
    if (!requests.some(({ call }) => writing.has(call))) return requests.map(answer);
    try {
      begin.run();
      const replies = requests.map(answer);
      commit.run();
      return replies;
    } catch (thrown) {
      // Nothing of the batch holds, so nothing of it may be acknowledged.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw thrown;
    }
  };
  return (requests) => {
    try {
      const replies = answerAll(requests, (request) => plainly(calls, request));
      return { replies, rang: rings(requests, replies) };
    } catch {
      return again(requests);
    }
  };

  function again(requests: readonly Request[]): Answers {
    try {
      const replies = answerAll(requests, (request) => carefully(database, { calls, request }));
      return { replies, rang: rings(requests, replies) };
    } catch (thrown) {
      // A full disk, say.
      const error = plainError(thrown);
      return { replies: requests.map(({ id }) => ({ id, error })), rang: false };
    }
  }
}

/** A call that only reads, or whose guard does not hold, leaves nothing to undo. */
function plainly(calls: Calls, request: Request): Reply {
  const { id, call } = request;
  try {
    calls.check(request);
    if (!writing.has(call)) return { id, value: calls.carryOut(request) };
  } catch (thrown) {
    return { id, error: plainError(thrown) };
  }
  return { id, value: calls.carryOut(request) };
}

function carefully(database: DatabaseSync, { calls, request }: { calls: Calls; request: Request }): Reply {
  if (!writing.has(request.call)) return plainly(calls, request);
  database.exec('SAVEPOINT one');
  try {
    calls.check(request);
    const value = calls.carryOut(request);
    database.exec('RELEASE one');
    return { id: request.id, value };
  } catch (thrown) {
    // SQLite ends the whole transaction by itself on a full disk; then the others' answers must fail too.
    if (!database.isTransaction) throw thrown;
    database.exec('ROLLBACK TO one; RELEASE one');
    return { id: request.id, error: plainError(thrown) };
  }
}

function rings(requests: readonly Request[], replies: readonly Reply[]): boolean {
  return requests.some(
    ({ call, args }, at) =>
      call === 'write' &&
      'value' in (replies[at] as Reply) &&
      (args[0] as readonly Change[]).some((change) => 'put' in change && change.put === 'outbox'),
  );
}
