import { fluxed } from '../../../families/flux.ts';
import type { Check } from '../../../verdict.ts';

/** A HelmRelease is healthy when its newest release is installed and tested. */
export const check: Check = fluxed;
