import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { asFairleadError, FairleadError, reasons, type ErrorCode, type Reason } from '@fairlead/core/model';

const codes: Readonly<Record<ErrorCode, status>> = {
  InvalidInput: status.INVALID_ARGUMENT,
  NotFound: status.NOT_FOUND,
  Conflict: status.ABORTED,
  Unauthenticated: status.UNAUTHENTICATED,
  PermissionDenied: status.PERMISSION_DENIED,
  FailedPrecondition: status.FAILED_PRECONDITION,
  ResourceExhausted: status.RESOURCE_EXHAUSTED,
  Unavailable: status.UNAVAILABLE,
  DeadlineExceeded: status.DEADLINE_EXCEEDED,
  Aborted: status.ABORTED,
  DataLoss: status.DATA_LOSS,
  Internal: status.INTERNAL,
};

const codeKey = 'fairlead-code';
const reasonKey = 'fairlead-reason';

/** An error as gRPC carries it; our own code and reason travel beside the status. An internal one keeps its words. */
export function toStatus(thrown: unknown): { code: status; details: string; metadata: Metadata } {
  const error = asFairleadError(thrown);
  const metadata = new Metadata();
  metadata.set(codeKey, error.code);
  metadata.set(reasonKey, error.reason);
  const details =
    error.code === 'Internal' ? 'Something failed that should not. The log of the hub has more.' : error.message;
  return { code: codes[error.code], details, metadata };
}

/** The hub's own refusal, or Unavailable (HubUnreachable) where the failure is not the hub's word. */
export function fromStatus(error: ServiceError, address: string): FairleadError {
  const code = String(error.metadata?.get(codeKey)[0] ?? '');
  const reason = String(error.metadata?.get(reasonKey)[0] ?? '');
  if (Object.hasOwn(codes, code) && Object.hasOwn(reasons, reason))
    return new FairleadError(error.details, { code: code as ErrorCode, reason: reason as Reason, cause: error });
  return new FairleadError(
    `Cannot reach the hub at ${address}: ${error.details || error.message}. The agent tries again and keeps what it has applied.`,
    { code: 'Unavailable', reason: 'HubUnreachable', retry: 'backoff', cause: error },
  );
}
