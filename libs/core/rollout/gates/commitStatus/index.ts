import { askingKind } from '../answer.ts';

/** `commitStatus`: the forge says whether the commit that the candidate was made of is good. */
export const commitStatus = askingKind('commitStatus');
