import { record } from './0001-record.ts';
import { instances } from './0002-instances.ts';
import { states } from './0003-states.ts';
import { use } from './0004-use.ts';

/** Every migration in order; the number of those that ran is kept as `user_version`. Never edited, only added to. */
export const migrations: readonly string[] = [record, instances, states, use];
