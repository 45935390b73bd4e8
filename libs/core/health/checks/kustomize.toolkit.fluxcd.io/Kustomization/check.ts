import { fluxed } from '../../../families/flux.ts';
import type { Check } from '../../../verdict.ts';

/** A Kustomization is healthy when its revision is applied and what it waits for is ready. */
export const check: Check = fluxed;
