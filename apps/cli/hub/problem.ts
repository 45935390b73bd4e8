import { FairleadError, reasons, type ErrorCode, type Reason } from '@fairlead/core/model';
import { z } from 'zod';

const problem = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  code: z.string().optional(),
  reason: z.string().optional(),
  file: z.string().optional(),
  line: z.int().optional(),
  object: z.string().optional(),
  field: z.string().optional(),
});

const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'InvalidInput',
  401: 'Unauthenticated',
  403: 'PermissionDenied',
  404: 'NotFound',
  409: 'Conflict',
  412: 'FailedPrecondition',
  429: 'ResourceExhausted',
  503: 'Unavailable',
  504: 'DeadlineExceeded',
};

/** What the hub answered instead of what was asked for, as the one error: a problem+json (RFC 9457), or any other text. */
export function problemError(answer: {
  readonly status: number;
  readonly text: string;
  readonly retryAfter?: string | undefined;
}): FairleadError {
  const { status, text } = answer;
  const code = codes[status] ?? 'Internal';
  const afterMs = Number(answer.retryAfter) * 1000;
  const retry = afterMs > 0 ? { afterMs } : code === 'Unavailable' ? ('backoff' as const) : ('never' as const);
  const parsed = problem.safeParse(jsonOf(text));
  const detail = parsed.success ? (parsed.data.detail ?? parsed.data.title) : undefined;
  if (!parsed.success || detail === undefined) {
    return new FairleadError(
      `Cannot read the answer of the hub: it is ${status} without a problem. Check that FAIRLEAD_SERVER or the profile names a Fairlead hub.`,
      { code, reason: status === 404 ? 'NotFound' : 'InternalError', retry },
    );
  }
  const { reason, file, line, object, field } = parsed.data;
  const subject = {
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    ...(object === undefined ? {} : { object }),
    ...(field === undefined ? {} : { field }),
  };
  // A newer hub may have a newer word; its sentence is still the best that there is.
  const known = reason !== undefined && Object.hasOwn(reasons, reason) ? (reason as Reason) : 'InternalError';
  return new FairleadError(detail, { code, reason: known, subject, retry });
}

/** The value of a text that should be JSON; undefined if it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
