import { crossplaned } from './conventions/crossplane/check.ts';
import { byConditions } from './generic.ts';
import type { Check } from './verdict.ts';

/** The check of every kind without one of its own: conventions of families whose kinds nobody can list, then those of all. */
export const byConvention: Check = (object) => crossplaned(object) ?? byConditions(object);
