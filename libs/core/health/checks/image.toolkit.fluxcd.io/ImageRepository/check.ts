import { fluxed } from '../../../families/flux.ts';
import type { Check } from '../../../verdict.ts';

/** An ImageRepository is healthy when its last scan ended well; so are policies and automations. */
export const check: Check = fluxed;
