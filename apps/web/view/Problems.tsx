import type { ProblemView } from '@fairlead/wire/rest';
import { counted } from '../model/words.ts';

/** Where a problem lies: file and line first, then what it is about. */
function whereOf({ file, line, environment, application, cluster, object, field }: ProblemView): string {
  const place = file === undefined ? undefined : line === undefined ? file : `${file}:${line}`;
  return [place, environment, application, cluster, object, field].filter(Boolean).join(' · ');
}

/** What is wrong, for whoever can put it right; nothing where all is well. */
export function Problems({ problems }: { problems: readonly ProblemView[] }) {
  if (problems.length === 0) return null;
  return (
    <section className="problems" aria-label="Problems">
      <h2>{counted(problems.length, 'problem')}</h2>
      <ul>
        {problems.map((problem) => (
          <li key={`${whereOf(problem)} ${problem.message}`}>
            <p>{problem.message}</p>
            <p className="faint">
              <code>{whereOf(problem)}</code> {problem.reason}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
