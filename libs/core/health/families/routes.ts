import type { KubeObject } from '@fairlead/core/model';
import { unlessTrue } from '../conditioned.ts';
import { conditionIn, listAt, textAt, valueAt } from '../fields.ts';
import { healthy, progressing, type Health } from '../verdict.ts';

/**
 * Health of a route of the Gateway API: every parent that it names answered, accepted it and found its backends. Several
 * controllers may answer for one parent; each answer counts.
 */
export function attachedRoute(object: KubeObject): Health {
  const parents = listAt(object, 'spec.parentRefs');
  const answers = listAt(object, 'status.parents');
  if (parents.length === 0) return healthy('it names no parent');
  for (const answer of answers) {
    const trouble = troubleAt(answer, object);
    if (trouble) return { ...trouble, message: `parent ${textAt(answer, 'parentRef.name')}: ${trouble.message}` };
  }
  const answered = parents.filter((parent) =>
    answers.some((answer) => isSameParent(parent, valueAt(answer, 'parentRef'))),
  );
  const count = `${answered.length} of ${parents.length} parents`;
  return answered.length < parents.length
    ? progressing(`${count} have answered it`, 'StatusStale')
    : healthy(`${count} accept it`);
}

function troubleAt(answer: unknown, object: KubeObject): Health | undefined {
  const conditions = listAt(answer, 'conditions');
  const resolved = conditionIn(conditions, 'ResolvedRefs');
  return (
    unlessTrue(conditionIn(conditions, 'Accepted'), { object, waits: ['Pending'] }) ??
    // A backend may be of a later stage, or not created yet. Not every controller of a lesser protocol says anything of it.
    (resolved && unlessTrue(resolved, { object, waits: ['BackendNotFound'] }))
  );
}

function isSameParent(parent: unknown, answered: unknown): boolean {
  return ['name', 'sectionName', 'namespace'].every((field) => {
    const asked = textAt(parent, field);
    // Controllers fill in the namespace that a route leaves out.
    return asked === textAt(answered, field) || (field === 'namespace' && asked === '');
  });
}
