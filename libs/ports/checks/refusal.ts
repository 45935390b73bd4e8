import { FairleadError } from '@fairlead/core/model';

/** Why a URL may not be asked; undefined where its host is allowed. A name without a port is for the scheme's own. */
export function whyForbidden(url: string, allowed: readonly string[]): FairleadError | undefined {
  const { host } = new URL(url);
  if (allowed.some((one) => one.toLowerCase() === host)) return undefined;
  const hosts = allowed.length === 0 ? 'none' : allowed.join(', ');
  return new FairleadError(
    `Cannot ask ${host}: the hub may ask ${hosts}. Start the planner with --check-host ${host}, if it should.`,
    { code: 'PermissionDenied', reason: 'CheckForbidden' },
  );
}

/** The error of a server that gave no usable answer; `why` is of our own words. */
export function unanswered(url: string, why: string): FairleadError {
  return new FairleadError(`Cannot ask ${new URL(url).host}: ${why}. It is asked again.`, {
    code: 'Unavailable',
    reason: 'CheckUnanswered',
    retry: 'backoff',
  });
}
