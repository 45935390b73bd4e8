import { record } from './0001-record.ts';

/** Every migration in order; how many of them ran is kept in `meta`. Never edited, only added to. */
export const migrations: readonly string[] = [record];
