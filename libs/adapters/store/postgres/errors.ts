import { FairleadError, type ErrorCode } from '@fairlead/core/model';

/** What became of a statement, as far as the next step goes. */
export type Failure =
  /** The server or the way to it is gone; the same again may work in a moment. */
  | 'connection'
  /** Two transactions stood in each other's way; the same again works. */
  | 'contention'
  /** The statement itself: the same again fails as well. */
  | 'statement'
  /** The server cannot write now: a full disk, a replica. */
  | 'refused';

const gone = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  // Of the server: it shuts down, starts, or takes no more connections; a transaction that stood idle was ended.
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '25P03',
]);
/** 23505: two hubs made the row of one cluster at the same moment. */
const contended = new Set(['40001', '40P01', '55P03', '23505']);
const cannotWrite = new Set(['53100', '53200', '25006', '58030', '54023']);
/** A file that may not grow any more has no SQLSTATE of its own. */
const noRoomWords = /could not (extend|write to) file/;
/** What the pool says when all of its connections are at work, or a new one takes too long. */
const noneFreeWords = /^timeout exceeded when trying to connect$/;
const lostWords = /terminated|timeout|not queryable|closed|ended|SSL|certificate|socket/i;

/** Tells kinds of failure apart: by SQLSTATE (PostgreSQL, appendix A), by Node's code, else by pg's own words. */
export function failureOf(thrown: unknown): Failure {
  const code = codeOf(thrown);
  if (code !== undefined) {
    if (gone.has(code) || code.startsWith('08')) return 'connection';
    if (contended.has(code)) return 'contention';
    if (cannotWrite.has(code) || noRoomWords.test(messageOf(thrown))) return 'refused';
    if (isSqlState(code)) return 'statement';
  }
  return lostWords.test(messageOf(thrown)) ? 'connection' : 'statement';
}

/** The store's error for what pg threw. Our own pass as they are. */
export function storeError(thrown: unknown): FairleadError {
  if (thrown instanceof FairleadError) return thrown;
  const message = messageOf(thrown);
  const code = codeOf(thrown);
  switch (failureOf(thrown)) {
    case 'connection':
      if (noneFreeWords.test(message))
        return unavailable('Cannot ask PostgreSQL: no connection became free in time, or it does not answer.', thrown);
      return unavailable(`Cannot reach PostgreSQL: ${message}. It is tried again.`, thrown);
    case 'contention':
      return unavailable(`Cannot write to PostgreSQL: other writers stand in the way (${message}).`, thrown);
    case 'refused':
      return unavailable(`Cannot write to PostgreSQL: ${message}. Make room or look after the server.`, thrown);
    case 'statement': {
      if (code === '57014')
        return failed('DeadlineExceeded', { message: 'Cannot ask PostgreSQL: the statement took too long.', thrown });
      return failed(statementCode(code ?? ''), { message: `Cannot ask PostgreSQL: ${message}.`, thrown });
    }
  }
}

/** An error that says that the call may be made again. */
export function unavailable(message: string, thrown?: unknown): FairleadError {
  return failed('Unavailable', { message, thrown });
}

/** Class 22: what was to be written is no value of its column. 28, 3D, 42501: who or what the hub may not use. */
function statementCode(code: string): ErrorCode {
  if (code.startsWith('22')) return 'InvalidInput';
  return code.startsWith('28') || code === '3D000' || code === '42501' ? 'FailedPrecondition' : 'Unavailable';
}

function failed(code: ErrorCode, { message, thrown }: { message: string; thrown: unknown }): FairleadError {
  const reason = code === 'InvalidInput' ? 'InvalidArgument' : 'InternalError';
  const retry = code === 'InvalidInput' || code === 'FailedPrecondition' ? 'never' : 'backoff';
  return new FairleadError(message, { code, reason, retry, cause: thrown });
}

function codeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error ? (thrown as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code);
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '') return thrown.errors.map(messageOf).join('; ');
  return thrown instanceof Error ? thrown.message : String(thrown);
}
