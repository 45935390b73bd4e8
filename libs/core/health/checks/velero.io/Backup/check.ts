import { veleroRun } from '../../../families/velero.ts';
import type { Check } from '../../../verdict.ts';

/** A Backup, or a Restore, is healthy when it is complete; a partial failure is one. */
export const check: Check = veleroRun;
