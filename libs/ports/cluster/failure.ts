import { FairleadError, keyText, type ErrorCode, type ObjectKey, type Reason, type Retry } from '@fairlead/core/model';

/** One of the causes that an API server names in its refusal. */
export interface ApiCause {
  /** The server's word, such as `FieldValueInvalid` or `FieldManagerConflict`. */
  readonly reason: string;
  /** Path of the field in the server's notation, such as `.spec.replicas`; empty if it names none. */
  readonly field: string;
  readonly message: string;
  /** Of a `FieldManagerConflict`: who owns the field. */
  readonly manager?: string;
}

/** What an API server said when it refused a call: the `cause` of the error that the port throws. */
export interface ApiFailure {
  readonly status: number;
  /** `reason` of the Status body, such as `Invalid` or `AlreadyExists`; empty if the body was no Status. */
  readonly reason: string;
  /** The server's own words. */
  readonly message: string;
  readonly causes: readonly ApiCause[];
  readonly retryAfterMs?: number;
  /** The server refused nothing but changes of fields that cannot be changed after creation. */
  readonly immutable?: true;
}

/** What was being done, and to which object. */
export interface ApiAttempt {
  /** A verb: `apply`, `list`, … */
  readonly verb: string;
  readonly object: ObjectKey;
}

interface Verdict {
  readonly code: ErrorCode;
  readonly reason: Reason;
  readonly retry: Retry;
  readonly next: string;
}

const refused = (next: string): Verdict => ({ code: 'InvalidInput', reason: 'ApplyFailed', retry: 'never', next });

/** Turns a refusal of the API server into the one error, by the rules in the comment of `ClusterApi`. */
export function apiError(attempt: ApiAttempt, failure: ApiFailure): FairleadError {
  const verdict = verdictOn(failure);
  const shown = attempt.object.kind === 'Secret' && attempt.object.group === '' ? withoutValues(failure) : failure;
  const object = keyText(attempt.object);
  const words = shown.message || `the API server answered ${failure.status}`;
  return new FairleadError(`Cannot ${attempt.verb} ${object}: ${words}; ${verdict.next}`, {
    code: verdict.code,
    reason: verdict.reason,
    retry: verdict.retry,
    subject: { object, ...fieldOf(failure) },
    cause: isImmutable(failure) ? { ...shown, immutable: true } : shown,
  });
}

/** The API server's refusal behind an error that the port threw; undefined where the server said nothing. */
export function apiFailureOf(error: unknown): ApiFailure | undefined {
  const cause = error instanceof FairleadError ? error.cause : undefined;
  const known = typeof cause === 'object' && cause !== null && 'status' in cause && 'causes' in cause;
  return known ? (cause as ApiFailure) : undefined;
}

function verdictOn(failure: ApiFailure): Verdict {
  const wait: Retry = failure.retryAfterMs === undefined ? 'backoff' : { afterMs: failure.retryAfterMs };
  switch (failure.status) {
    case 401:
      return {
        code: 'Unauthenticated',
        reason: 'CredentialsMissing',
        retry: 'backoff',
        next: 'give the caller valid credentials for this cluster',
      };
    case 403:
      // A namespace on its way out refuses with 403 too; no right that anyone could grant would help.
      if (failure.causes.some((cause) => cause.reason === 'NamespaceTerminating')) {
        return {
          code: 'FailedPrecondition',
          reason: 'ObjectTerminating',
          retry: 'backoff',
          next: 'wait until the namespace is gone',
        };
      }
      return {
        code: 'PermissionDenied',
        reason: 'Forbidden',
        retry: 'backoff',
        next: 'bind a role that allows it, or name another service account',
      };
    case 404:
      return { code: 'NotFound', reason: 'NotFound', retry: 'backoff', next: 'create what is missing first' };
    case 409:
      if (failure.causes.some((cause) => cause.reason === 'FieldManagerConflict')) {
        return {
          code: 'Conflict',
          reason: 'ConflictReported',
          retry: 'never',
          next: 'take the field over by force, or leave it out',
        };
      }
      return {
        code: 'Conflict',
        reason: 'ApplyFailed',
        retry: 'backoff',
        next: 'read the object again and decide anew',
      };
    case 410:
      return { code: 'Aborted', reason: 'ApplyFailed', retry: 'backoff', next: 'list again' };
    case 429:
      return {
        code: 'ResourceExhausted',
        reason: 'RateLimited',
        retry: failure.retryAfterMs === undefined ? { afterMs: 1000 } : wait,
        next: 'send less at a time',
      };
    default:
      if (failure.status >= 500 && !isMalformed(failure))
        return { code: 'Unavailable', reason: 'ApiServerUnreachable', retry: wait, next: 'it is tried again' };
      return refused('correct the manifest');
  }
}

/** How API servers say it, by kind: `field is immutable`, `cannot change roleRef`, `updates to statefulset spec … are forbidden`, … */
const unchangeable =
  /\bimmutable\b|\bmay not (be )?change|\bcannot change\b|\bupdates to [\w ]*\b(spec|parameters|provisioner)\b.*\bforbidden\b|\bfailed rule: self == oldSelf\b/;

/** True if every single cause says so: a manifest that is wrong in another way too would not be accepted in the place of the old one. */
function isImmutable({ status, causes }: ApiFailure): boolean {
  const says = ({ reason, message }: ApiCause): boolean =>
    (reason === 'FieldValueInvalid' || reason === 'FieldValueForbidden') && unchangeable.test(message);
  return status === 422 && causes.length > 0 && causes.every(says);
}

/**
 * A manifest that does not fit its schema is answered with 500 and no reason, not with 400 (seen up to 1.36); a
 * conversion webhook that is down looks nearly alike, and that one passes.
 */
function isMalformed(failure: ApiFailure): boolean {
  if (failure.status !== 500) return false;
  // What is within the API server's own limit may still be beyond the one of its store.
  if (failure.message.includes('etcdserver: request is too large')) return true;
  if (failure.reason !== '') return false;
  return (
    /^failed to (create typed patch|convert new) object/.test(failure.message) && !failure.message.includes('webhook')
  );
}

/** The path in `failed to create typed patch object (…): .spec.x: field not declared in schema`. */
function malformedField(message: string): string | undefined {
  return /^failed to create typed patch object \([^)]*\): (\.[^:\s]+): /.exec(message)?.[1];
}

function fieldOf(failure: ApiFailure): { field?: string } {
  const field = failure.causes.find((cause) => cause.field !== '')?.field ?? malformedField(failure.message);
  return field === undefined ? {} : { field };
}

/**
 * The refusal of a Secret without the server's words where these may quote values (`Invalid value: "…"`,
 * `expected string, got …`): the fields stay.
 */
function withoutValues(failure: ApiFailure): ApiFailure {
  if (![400, 403, 413, 415, 422, 500].includes(failure.status)) return failure;
  const named = failure.causes.map((cause) => cause.field).filter(Boolean);
  const malformed = malformedField(failure.message);
  const fields = named.length === 0 && malformed !== undefined ? [malformed] : named;
  const where = fields.length === 0 ? '' : ` at ${fields.join(', ')}`;
  const permission =
    failure.status === 403 &&
    /^[\w.]+ "[^"]*" is forbidden: User "[^"]*" cannot [\w ]+ "[^"]*" in API group "[^"]*"/.test(failure.message);
  if (permission) return failure;
  return {
    ...failure,
    message: `the API server refused it (${failure.status} ${failure.reason})${where}; its words are withheld, for they may quote values of the Secret`,
    causes: failure.causes.map((cause) => ({ reason: cause.reason, field: cause.field, message: '' })),
  };
}
