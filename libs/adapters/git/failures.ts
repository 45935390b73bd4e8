import { FairleadError, type ErrorOptions } from '@fairlead/core/model';

/** What a server's answer means, in the one error type; the URL in it holds no credentials. */
type Failure = Pick<ErrorOptions, 'code' | 'reason'> & Partial<Pick<ErrorOptions, 'retry' | 'cause'>>;

/** Cuts a server's words to one line of bearable length without control characters. */
export function serverWords(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 500);
}

/** An error about a repository, named by its URL. */
export function failure(url: string, message: string, options: Failure): FairleadError {
  return new FairleadError(message, { subject: { file: url }, ...options });
}

/** The server cannot be reached or does not answer in time; worth trying again. */
export function unavailable(
  url: string,
  current: string,
  options: { cause?: unknown; code?: 'Unavailable' | 'DeadlineExceeded'; retry?: ErrorOptions['retry'] } = {},
): FairleadError {
  const { cause, code = 'Unavailable', retry = 'backoff' } = options;
  return failure(url, `Cannot reach ${url}: ${current}. The last good state stays; it is tried again.`, {
    code,
    reason: 'SourceUnavailable',
    retry,
    cause,
  });
}

/** The caller gave up. */
export function aborted(url: string, cause: unknown): FairleadError {
  return failure(url, `Cannot finish reading ${url}: the call was ended by its caller.`, {
    code: 'Aborted',
    reason: 'SourceUnavailable',
    retry: 'backoff',
    cause,
  });
}

/** The repository, ref or path does not exist. */
export function notFound(url: string, what: string, next: string): FairleadError {
  return failure(url, `Cannot find ${what}. ${next}`, { code: 'NotFound', reason: 'SourceNotFound', retry: 'backoff' });
}

/** The source goes beyond a limit. */
export function tooLarge(url: string, current: string): FairleadError {
  return failure(
    url,
    `Cannot read ${url}: it has ${current}. Narrow the source's root, or raise the limit of the hub.`,
    { code: 'ResourceExhausted', reason: 'SourceTooLarge' },
  );
}

/** The answer is not what git's protocol says. */
export function garbled(url: string, current: string, cause?: unknown): FairleadError {
  return unavailable(
    url,
    `the answer is not one of a git server (${serverWords(current)}); check that the URL is that of a repository`,
    { cause },
  );
}

/** Waits for isomorphic-git; what it throws beside our own errors is an answer that it cannot read. */
export async function explained<Value>(url: string, work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'FairleadError' || passed.has(error.constructor.name)) throw error;
    throw garbled(url, error.message, error);
  }
}

/** Errors that mean something to the caller. */
const passed = new Set(['NotOurRef', 'NotFoundError', 'GitPushError', 'UserCanceledError', 'PushRejectedError']);

/** What an HTTP status other than 200 means. */
export function statusFailure(
  url: string,
  answer: { status: number; words: string; retryAfterMs?: number | undefined },
): FairleadError {
  const { status, retryAfterMs } = answer;
  const words = answer.words ? ` (${serverWords(answer.words).slice(0, 200)})` : '';
  if (status === 401)
    return failure(
      url,
      `Cannot read ${url}: the server refused the credentials${words}. Give valid ones in the file that Fleet's credentials name for this URL.`,
      { code: 'Unauthenticated', reason: 'SourceRejected', retry: 'backoff' },
    );
  if (status === 403)
    return failure(
      url,
      `Cannot read ${url}: the credentials may not do this${words}. Let them read the repository, or give others.`,
      { code: 'PermissionDenied', reason: 'SourceRejected', retry: 'backoff' },
    );
  if (status === 404 || status === 410)
    return notFound(
      url,
      `the repository ${url}: the server answers ${status}`,
      'Check the URL, and that the credentials may see it.',
    );
  return unavailable(url, `the server answers ${status}${words}`, {
    retry: retryAfterMs === undefined ? 'backoff' : { afterMs: retryAfterMs },
  });
}
