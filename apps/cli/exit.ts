import type { FairleadError } from '@fairlead/core/model';

/** What a script can tell from how the CLI ended. */
export const exitCodes = {
  ok: 0,
  /** Refused, or failed. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** There is no such thing, or the hub cannot be reached. */
  notFound: 3,
  /** `status --check`: something in the fleet is not as it should be. */
  unwell: 4,
} as const;

/** The exit code for an error, by its kind alone. */
export function exitCodeOf({ code, reason }: FairleadError): number {
  if (code === 'NotFound' || code === 'Unavailable' || code === 'DeadlineExceeded') return exitCodes.notFound;
  return code === 'InvalidInput' && reason === 'InvalidArgument' ? exitCodes.usage : exitCodes.failed;
}
