import type { ProblemView } from '@fairlead/wire/rest';
import { plain, type Paint } from './words.ts';

/** Problems that the hub tells of, two lines each: what, and where. */
export function problemLines(problems: readonly ProblemView[], paint: Paint): string[] {
  return problems.flatMap((one) => {
    const place = one.file === undefined ? '' : one.line === undefined ? one.file : `${one.file}:${one.line}`;
    const where = [place, one.environment, one.application, one.cluster, one.object, one.field]
      .filter(Boolean)
      .join(' ');
    return [
      `${paint.red('problem:')} ${plain(one.message)}`,
      `  ${where === '' ? '' : `at ${plain(where)} `}(${plain(one.reason)})`,
    ];
  });
}
