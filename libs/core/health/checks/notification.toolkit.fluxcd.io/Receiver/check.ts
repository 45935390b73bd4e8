import { fluxed } from '../../../families/flux.ts';
import type { Check } from '../../../verdict.ts';

/** A Receiver is healthy when its path is served. */
export const check: Check = fluxed;
