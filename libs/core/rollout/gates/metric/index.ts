import { askingKind } from '../answer.ts';

/** `metric`: the answer of Prometheus to a query says whether the candidate may enter. */
export const metric = askingKind('metric');
