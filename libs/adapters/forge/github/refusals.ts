import { FairleadError, type Retry } from '@fairlead/core/model';

/** What GitHub says when it refuses, as Octokit throws it. */
interface ApiError extends Error {
  readonly status: number;
  readonly response?: { readonly headers: Readonly<Record<string, string | number | undefined>> };
}

/** Our error for what a call ended with; GitHub's own words are in it, and neither token nor URL. */
export function refusalOf(thrown: unknown, { to, at }: { readonly to: string; readonly at: string }): FairleadError {
  const cannot = `Cannot ${to} in ${at}`;
  if (!isApiError(thrown) || thrown.status >= 500)
    return new FairleadError(`${cannot}: GitHub could not be reached, or has trouble of its own. It is tried again.`, {
      code: 'Unavailable',
      reason: 'SourceUnavailable',
      retry: 'backoff',
      cause: thrown,
    });
  const words = `GitHub answers ${thrown.status}: ${firstLine(thrown.message)}.`;
  const options = { retry: 'backoff', cause: thrown } as const;
  const afterMs = limitedForMs(thrown);
  if (afterMs !== undefined)
    return new FairleadError(`${cannot}: ${words} It is tried again when GitHub allows it.`, {
      code: 'ResourceExhausted',
      reason: 'SourceUnavailable',
      retry: { afterMs } satisfies Retry,
      cause: thrown,
    });
  switch (thrown.status) {
    case 401:
      return new FairleadError(`${cannot}: ${words} Give the hub a valid token.`, {
        code: 'Unauthenticated',
        reason: 'SourceRejected',
        ...options,
      });
    case 404:
      return new FairleadError(`${cannot}: ${words} Check the URL, and that the token may see the repository.`, {
        code: 'NotFound',
        reason: 'SourceNotFound',
        ...options,
      });
    default:
      return new FairleadError(`${cannot}: ${words} Let the token write pull requests of this repository.`, {
        code: 'PermissionDenied',
        reason: 'LedgerUnwritable',
        ...options,
      });
  }
}

function isApiError(thrown: unknown): thrown is ApiError {
  // Octokit gives a call that never was answered the status 500 too.
  return thrown instanceof Error && 'status' in thrown && typeof thrown.status === 'number';
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/ - https?:\S+$/, '').slice(0, 300);
}

const mostMs = 3_600_000;
const leastMs = 1_000;

/** How long GitHub asks to be left alone: `retry-after` in seconds, or until the hour's share begins anew. */
function limitedForMs({ status, response }: ApiError): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const { 'retry-after': seconds, 'x-ratelimit-remaining': left, 'x-ratelimit-reset': reset } = response?.headers ?? {};
  const afterMs =
    seconds !== undefined
      ? Number(seconds) * 1000
      : String(left) === '0'
        ? Number(reset) * 1000 - Date.now()
        : undefined;
  if (afterMs === undefined || Number.isNaN(afterMs)) return status === 429 ? 60_000 : undefined;
  return Math.min(mostMs, Math.max(leastMs, afterMs));
}
