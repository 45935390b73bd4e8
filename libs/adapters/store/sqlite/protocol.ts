import {
  asFairleadError,
  FairleadError,
  type ErrorCode,
  type Reason,
  type Retry,
  type Subject,
} from '@fairlead/core/model';
import type { Store } from '@fairlead/ports/store';

/** The calls that cross to the thread: all of the port but what stays on this side. */
export type CallName = Exclude<keyof Store, 'id' | 'onOutbox' | 'close'>;

/** What the thread is started with. */
export interface EngineOptions {
  /** The database file; made with its tables if it does not exist. */
  readonly file: string;
  /** 32 bytes, from beside the store: what secret blobs are encrypted under. */
  readonly key: Uint8Array;
  /** How many events are kept, the newest. */
  readonly journalLimit: number;
}

/** One call. */
export interface Request {
  readonly id: number;
  readonly call: CallName;
  readonly args: readonly unknown[];
}

/** An error as it crosses threads. */
export interface PlainError {
  readonly message: string;
  readonly code: ErrorCode;
  readonly reason: Reason;
  readonly subject: Subject;
  readonly retry: Retry;
}

/** The answer to one call. */
export type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly error: PlainError });

/** What the thread says. */
export type FromThread =
  | { readonly type: 'open'; readonly id: string }
  | { readonly type: 'refused'; readonly error: PlainError }
  | { readonly type: 'replies'; readonly replies: readonly Reply[]; readonly rang: boolean }
  | { readonly type: 'closed' };

/** What the thread is told. */
export type ToThread = readonly Request[] | 'close';

/** Makes any thrown value plain; SQLite's own errors become Unavailable, to be tried again. */
export function plainError(thrown: unknown): PlainError {
  const known =
    thrown instanceof FairleadError
      ? thrown
      : asFairleadError(thrown, { code: 'Unavailable', reason: 'InternalError', retry: 'backoff' });
  const { message, code, reason, subject, retry } = known;
  return { message, code, reason, subject, retry };
}

/** Undoes {@link plainError}. */
export function fairleadError({ message, ...options }: PlainError): FairleadError {
  return new FairleadError(message, options);
}
