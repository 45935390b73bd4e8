import { fluxed } from '../../../families/flux.ts';
import type { Check } from '../../../verdict.ts';

/** A source is healthy when its artifact is of the newest revision; a Bucket, a HelmChart and an OCIRepository too. */
export const check: Check = fluxed;
