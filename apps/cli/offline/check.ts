import { FairleadError, type ApplicationId } from '@fairlead/core/model';
import { renderPlan } from '@fairlead/core/placement';
import type { Fleet } from './fleet.ts';

/**
 * Everything that is wrong with a checkout, each with its file and line where it has one: documents, ledger files, what
 * they say of each other, selectors that match no member, and variables that do not exist in a cluster. Sorted by place.
 */
export function problemsOf(fleet: Fleet): FairleadError[] {
  const { documents, ledger, placement } = fleet;
  const found = [
    ...documents.problems,
    ...ledger.problems,
    ...placement.problems.map((problem) => placed(fleet, problem)),
    ...planProblems(fleet),
  ];
  return found.sort((a, b) => {
    const [left = '', right = ''] = [a.subject.file, b.subject.file];
    return left < right ? -1 : left > right ? 1 : (a.subject.line ?? 0) - (b.subject.line ?? 0);
  });
}

/** A problem of placement, with the place of the document that it comes from. */
function placed({ documents, environmentAt }: Fleet, problem: FairleadError): FairleadError {
  const { application, environment } = problem.subject;
  const at =
    application === undefined
      ? environmentAt.get(environment ?? '')
      : documents.definedAt.get(application as ApplicationId);
  if (at === undefined || problem.subject.file !== undefined) return problem;
  const { message, code, reason, retry, subject } = problem;
  return new FairleadError(message, { code, reason, retry, subject: { ...at, ...subject } });
}

/** What keeps an application's overrides from being filled in; each told once, with the first cluster that meets it. */
function planProblems(fleet: Fleet): FairleadError[] {
  const { documents, ledger, placement } = fleet;
  const problems = new Map<string, FairleadError>();
  for (const [id, environments] of placement.applications) {
    const application = documents.applications.get(id);
    if (application === undefined || documents.held.has(id)) continue;
    for (const [environment, clusters] of environments) {
      for (const name of clusters) {
        const kubernetesVersion = ledger.members.get(name)?.spec.kubernetes ?? '';
        const cluster = { name, labels: placement.labels.get(name) ?? {}, kubernetesVersion };
        try {
          renderPlan(application, { environment, cluster });
        } catch (thrown) {
          if (!(thrown instanceof FairleadError)) throw thrown;
          const key = `${id} ${thrown.subject.field} ${thrown.reason}`;
          if (!problems.has(key)) problems.set(key, placed(fleet, thrown));
        }
      }
    }
  }
  return [...problems.values()];
}
