import { durationMs, FairleadError, isApplicationId } from '@fairlead/core/model';

/** The error for a command line that cannot be meant: exit code 2. */
export function usageError(message: string, field?: string): FairleadError {
  return new FairleadError(message, {
    code: 'InvalidInput',
    reason: 'InvalidArgument',
    ...(field === undefined ? {} : { subject: { field } }),
  });
}

/** `NAME` or `TEAM/NAME` as `TEAM/NAME`; the team is `default` unless it is named. */
export function applicationOf(word: string): string {
  const parts = word.split('/');
  const [team = '', name = ''] = parts.length === 1 ? ['default', word] : parts;
  const application = `${team}/${name}`;
  if (parts.length <= 2 && isApplicationId(application)) return application;
  throw usageError(
    `Cannot find the application \`${word}\`: it is named NAME (of team default) or TEAM/NAME, in lower-case letters, digits and dashes.`,
    'application',
  );
}

/** `env=prod,tier=canary` as a map. */
export function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at).trim();
    if (at < 1 || key === '')
      throw usageError(`Cannot read the labels \`${text}\`: write them as key=value,key=value.`, '--labels');
    labels[key] = pair.slice(at + 1).trim();
  }
  return labels;
}

/** Milliseconds of `5s`, `2m`; what an option says. */
export function millisecondsOf(text: string, option: string): number {
  const ms = durationMs(text);
  if (ms !== undefined) return ms;
  throw usageError(`Cannot use ${option} ${text}: it is not a duration. Write for example 5s, 90s or 2m.`, option);
}

/** `HOST:PORT`, with brackets around an IPv6 address. */
export function addressOf(text: string, option: string): string {
  const port = Number(/^(?:\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/.exec(text)?.[1] ?? Number.NaN);
  if (port <= 65_535) return text;
  throw usageError(`Cannot use ${option} ${text}: write HOST:PORT, for example 127.0.0.1:8443.`, option);
}

/** A whole number of at least 1. */
export function countOf(text: string, option: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw usageError(`Cannot use ${option} ${text}: write a whole number of at least 1.`, option);
}

/** For an option that may be given several times. */
export function repeated(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
