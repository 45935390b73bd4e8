import type { Reason } from './reasons.ts';

/** What kind of failure it is; decides the HTTP status and the exit code, never the wording. */
export type ErrorCode =
  | 'InvalidInput'
  | 'NotFound'
  | 'Conflict'
  | 'Unauthenticated'
  | 'PermissionDenied'
  | 'FailedPrecondition'
  | 'ResourceExhausted'
  | 'Unavailable'
  | 'DeadlineExceeded'
  | 'Aborted'
  | 'DataLoss'
  | 'Internal';

/** Whether the same call may succeed later. */
export type Retry = 'never' | 'backoff' | { afterMs: number };

/** What an error is about; as much as is known. `line` counts from 1. */
export interface Subject {
  readonly file?: string;
  readonly line?: number;
  readonly object?: string;
  readonly field?: string;
  readonly cluster?: string;
  readonly application?: string;
  readonly environment?: string;
}

/** Options of {@link FairleadError}. */
export interface ErrorOptions {
  readonly code: ErrorCode;
  readonly reason: Reason;
  readonly subject?: Subject;
  readonly retry?: Retry;
  readonly cause?: unknown;
}

/**
 * The one error type. The message reads "Cannot do X: current value is Y" and says what to do next;
 * it never holds a secret.
 */
export class FairleadError extends Error {
  override readonly name = 'FairleadError';
  readonly code: ErrorCode;
  readonly reason: Reason;
  readonly subject: Subject;
  readonly retry: Retry;

  constructor(message: string, options: ErrorOptions) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.reason = options.reason;
    this.subject = options.subject ?? {};
    this.retry = options.retry ?? 'never';
  }
}

/** Gives any thrown value the one error type; an unknown one becomes `Internal`, to be tried again with backoff. */
export function asFairleadError(thrown: unknown, fallback: Partial<ErrorOptions> = {}): FairleadError {
  if (thrown instanceof FairleadError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new FairleadError(message, {
    code: 'Internal',
    reason: 'InternalError',
    retry: 'backoff',
    ...fallback,
    cause: thrown,
  });
}

/** An error as data: how it lies in a fact, and crosses processes. The cause stays behind. */
export interface PlainError extends Omit<ErrorOptions, 'cause'> {
  readonly message: string;
}

/** The error as data. */
export function plainError({ message, code, reason, subject, retry }: FairleadError): PlainError {
  return { message, code, reason, subject, retry };
}

/** The error that {@link plainError} made data of; what is missing, as in data of an older hub, is taken as an outage. */
export function errorOf(plain: Partial<PlainError>): FairleadError {
  const { message = '', code = 'Unavailable', reason = 'InternalError', ...rest } = plain;
  return new FairleadError(message, { ...rest, code, reason });
}

/** `file:line object field`, what is known of it, for the head of a message on one line. */
export function subjectText(subject: Subject): string {
  const place =
    subject.file === undefined ? '' : subject.line === undefined ? subject.file : `${subject.file}:${subject.line}`;
  return [place, subject.environment, subject.application, subject.cluster, subject.object, subject.field]
    .filter(Boolean)
    .join(' ');
}
