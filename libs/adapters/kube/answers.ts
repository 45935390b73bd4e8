import type { IncomingHttpHeaders } from 'node:http';
import type { ApiCause, ApiFailure } from '@fairlead/ports/cluster';

/** A whole answer of the API server. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** `Status` of meta.k8s.io/v1, as much as is read of it. */
interface StatusBody {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

/** Beyond this a pause that a server asks for is not believed. */
const longestRetryMs = 60_000;
/** A message of the server is cut here: a webhook may answer with a page. */
const longestMessage = 4_096;
/** More causes than these are left out; a CRD can have hundreds. */
const mostCauses = 50;

/** Reads a refusal: the Status body where there is one, the bare text otherwise, and Retry-After. */
export function failureOf(answer: HttpAnswer): ApiFailure {
  const body = parseStatus(answer.text);
  const retryAfterMs = retryAfter(answer.headers['retry-after'], body?.details?.retryAfterSeconds);
  return {
    status: answer.status,
    reason: body?.reason ?? '',
    message: (body?.message ?? answer.text).trim().slice(0, longestMessage),
    causes: (body?.details?.causes ?? []).slice(0, mostCauses).map(causeOf),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Reads the Status that a watch sends in an ERROR event. */
export function failureInWatch(object: unknown): ApiFailure {
  const body = (typeof object === 'object' && object !== null ? object : {}) as StatusBody;
  return failureOf({ status: body.code ?? 500, headers: {}, text: JSON.stringify(body) });
}

/** True if the server said that the object does not exist, rather than that it knows no such path. */
export function isMissingObject(answer: HttpAnswer): boolean {
  return answer.status === 404 && parseStatus(answer.text)?.reason === 'NotFound';
}

function parseStatus(text: string): StatusBody | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const body = JSON.parse(text) as StatusBody;
    return body.kind === 'Status' ? body : undefined;
  } catch {
    // A proxy's answer that only looks like JSON: the bare text is shown instead.
    return undefined;
  }
}

function causeOf(cause: { reason?: string; message?: string; field?: string }): ApiCause {
  const message = (cause.message ?? '').slice(0, longestMessage);
  const manager = cause.reason === 'FieldManagerConflict' ? managerIn(message) : undefined;
  return {
    reason: cause.reason ?? '',
    field: cause.field ?? '',
    message,
    ...(manager === undefined ? {} : { manager }),
  };
}

/** `conflict with "kubectl-edit" using apps/v1`: the manager is quoted as Go quotes. */
function managerIn(message: string): string | undefined {
  const quoted = /^conflict with ("(?:[^"\\]|\\.)*")/.exec(message)?.[1];
  if (quoted === undefined) return undefined;
  try {
    return JSON.parse(quoted) as string;
  } catch {
    // Go escapes a few characters in ways that JSON does not know.
    return quoted.slice(1, -1);
  }
}

function retryAfter(header: string | undefined, seconds: number | undefined): number | undefined {
  const given = header === undefined ? seconds : Number(header);
  if (given === undefined || !Number.isFinite(given) || given < 0) return undefined;
  return Math.min(given * 1000, longestRetryMs);
}
