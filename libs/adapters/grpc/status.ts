import type { IncomingHttpHeaders } from 'node:http2';
import { asFairleadError, FairleadError, reasons, type ErrorCode, type Reason } from '@fairlead/core/model';

/** The status codes of gRPC that we give. */
const codes: Readonly<Record<ErrorCode, number>> = {
  InvalidInput: 3,
  NotFound: 5,
  Conflict: 10,
  Unauthenticated: 16,
  PermissionDenied: 7,
  FailedPrecondition: 9,
  ResourceExhausted: 8,
  Unavailable: 14,
  DeadlineExceeded: 4,
  Aborted: 10,
  DataLoss: 15,
  Internal: 13,
};

const statusKey = 'grpc-status';
const messageKey = 'grpc-message';
const codeKey = 'fairlead-code';
const reasonKey = 'fairlead-reason';
/** When to come back, in milliseconds (gRFC A6). */
const pushbackKey = 'grpc-retry-pushback-ms';

/** Characters of a message that travel; all headers together have a bound. */
const messageChars = 2000;

/** The end of a call that went well. */
export const okStatus = { [statusKey]: '0' } as const;

/** The answer to a method that there is none of. */
export const unknownMethod = { [statusKey]: '12', [messageKey]: 'There is one method, fairlead.v1.Gateway/Connect.' };

/**
 * An error as gRPC carries it; our own code and reason travel beside the status, and the time after which to come back
 * if there is one. An internal one keeps its words.
 */
export function toStatus(thrown: unknown): Record<string, string> {
  const error = asFairleadError(thrown);
  const isInternal = error.code === 'Internal';
  const details = isInternal ? 'Something failed that should not. The log of the hub has more.' : error.message;
  return {
    [statusKey]: String(codes[error.code]),
    [messageKey]: encodeURI(details.slice(0, messageChars).toWellFormed()),
    [codeKey]: error.code,
    [reasonKey]: error.reason,
    ...(typeof error.retry === 'object' && { [pushbackKey]: String(Math.ceil(error.retry.afterMs)) }),
  };
}

/** The words of a status; undefined where the headers hold none. */
export function statusText(headers: IncomingHttpHeaders): string | undefined {
  const status = headers[statusKey];
  if (status === undefined) return undefined;
  const message = String(headers[messageKey] ?? '');
  if (message === '')
    return status === '0' ? 'The hub ended the stream.' : `The hub ended the stream: status ${String(status)}.`;
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

/** The hub's own refusal, or Unavailable (HubUnreachable) where the failure is not the hub's word. */
export function fromStatus(headers: IncomingHttpHeaders, address: string): FairleadError {
  const details = statusText(headers) ?? `an answer of HTTP ${String(headers[':status'])}`;
  const code = String(headers[codeKey] ?? '');
  const reason = String(headers[reasonKey] ?? '');
  if (!Object.hasOwn(codes, code) || !Object.hasOwn(reasons, reason)) return unreachable(address, details);
  const afterMs = Number(headers[pushbackKey]);
  return new FairleadError(details, {
    code: code as ErrorCode,
    reason: reason as Reason,
    ...(afterMs > 0 && { retry: { afterMs } }),
  });
}

/** Where no word of the hub was heard. */
export function unreachable(address: string, why: string, cause?: unknown): FairleadError {
  return new FairleadError(
    `Cannot reach the hub at ${address}: ${why}. The agent tries again and keeps what it has applied.`,
    { code: 'Unavailable', reason: 'HubUnreachable', retry: 'backoff', cause },
  );
}
