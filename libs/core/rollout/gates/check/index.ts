import { askingKind } from '../answer.ts';

/** `check`: a server says over HTTP whether the candidate may enter. */
export const check = askingKind('check');
