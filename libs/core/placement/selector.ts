import type { Selector } from '@fairlead/core/model';

type Expression = NonNullable<Selector['matchExpressions']>[number];
/** Labels of a cluster. */
export type Labels = Readonly<Record<string, string>>;

function holds(expression: Expression, labels: Labels): boolean {
  const value = Object.hasOwn(labels, expression.key) ? labels[expression.key] : undefined;
  const listed = value !== undefined && (expression.values ?? []).includes(value);
  switch (expression.operator) {
    case 'In':
      return listed;
    case 'NotIn':
      return !listed;
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/**
 * True if the labels fit the selector, as Kubernetes label selectors go: everything that the selector asks for holds;
 * an empty selector fits all; `NotIn` also fits labels without the key.
 */
export function matches(selector: Selector, labels: Labels): boolean {
  const wanted = Object.entries(selector.matchLabels ?? {});
  return (
    wanted.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value) &&
    (selector.matchExpressions ?? []).every((expression) => holds(expression, labels))
  );
}
